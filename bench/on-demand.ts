/**
 * What a row of the registered on-demand views costs beside their functions: `node --import ./bin/typescript.js bench/on-demand.ts [rows] [rounds]`. Three ways to the
 * same answers in turn, in one process: the bare functions called with values that are ready; a row as a request, a historical table and a
 * training set compute it; and the request read and its columns made besides, as onlineFeatures does once the store has answered.
 */
import { resolve } from 'node:path';
import { planOnDemand, readRequest } from '../src/core/compute/on-demand.js';
import { columnCell, computeRow } from '../src/core/compute/on-demand-rows.js';
import type { Cell } from '../src/core/compute/status.js';
import type { AnyFeatureRef, OnDemandView } from '../src/core/definitions/definitions.js';
import type { FeatureValue } from '../src/core/definitions/types.js';
import { loadRegistry } from '../src/registry/load.js';

const rows = Number(process.argv[2] ?? 20_000);
const rounds = Number(process.argv[3] ?? 7);

const { onDemandViews } = await loadRegistry({ root: resolve(import.meta.dirname, '..') });
const views = ['application_affordability@1', 'application_place@1'].map((id) => onDemandViews.get(id) as OnDemandView);

const numbers = (of: (row: number) => unknown): unknown[] => Array.from({ length: rows }, (_, row) => of(row));
const request: Readonly<Record<string, readonly unknown[]>> = {
  requested_amount: numbers((row) => `${1_000 + (row % 9_000)}.50`),
  term_months: numbers((row) => 3 + (row % 34)),
  annual_rate: numbers((row) => `0.${18 + (row % 18)}`),
  latitude: numbers((row) => 31.2 + (row % 1_000) / 1_000),
  longitude: numbers((row) => 121.4 + (row % 777) / 1_000),
  datum: numbers(() => 'GCJ02'),
};
const stored: Readonly<Record<string, (row: number) => FeatureValue>> = {
  income: (row) => `${4_000 + (row % 20_000)}.25`,
  debt: (row) => `${row % 50_000}.75`,
  home_latitude: (row) => 31.1 + (row % 500) / 1_000,
  home_longitude: (row) => 121.3 + (row % 333) / 1_000,
  home_datum: () => 'WGS84',
};

/** Arguments as the functions take them. */
const ready = views.map(({ origin }) =>
  Array.from({ length: rows }, (_, row) =>
    Object.fromEntries([
      ...origin.request.map(({ name }) => [name, request[name]?.[row] as FeatureValue]),
      ...origin.inputs.map(({ name }) => [name, stored[name]?.(row) ?? null]),
    ]),
  ),
);

const refs = views.flatMap((view) =>
  view.features.map(
    (feature, index) => ({ view, feature, index, reference: `${view.id}:${feature.name}` }) as AnyFeatureRef,
  ),
);
const plan = planOnDemand(refs);
const names = new Map(views.flatMap(({ origin }) => origin.inputs.map(({ name, ref }) => [ref.reference, name])));
const cells = Array.from({ length: rows }, (_, row) =>
  plan.stored.map(
    ({ reference }): Cell => ({
      value: stored[names.get(reference) as string]?.(row) ?? null,
      status: 'PRESENT',
      eventTime: 1,
    }),
  ),
);

function bare(): number {
  let answered = 0;
  views.forEach(({ origin }, view) => {
    for (const given of ready[view] ?? []) answered += origin.compute(given) ? 1 : 0;
  });
  return answered;
}

const typed = readRequest(plan, request, rows);
const rowOf = (values: typeof typed, row: number) =>
  computeRow(plan, {
    request: (name) => values.get(name)?.[row] ?? null,
    stored: (at) => cells[row]?.[at] as Cell,
    stalePolicy: 'RETURN',
  });

function computed(): number {
  let answered = 0;
  for (let row = 0; row < rows; row++) answered += rowOf(typed, row).length;
  return answered;
}

function asked(): number {
  const values = readRequest(plan, request, rows);
  const called = Array.from({ length: rows }, (_, row) => rowOf(values, row));
  const columns = plan.columns.map((column) =>
    called.map((results, row) => columnCell(column, (at) => cells[row]?.[at] as Cell, results)),
  );
  return columns.length;
}

const WAYS = { 'bare functions': bare, 'rows computed': computed, 'request read, columns made': asked };
const times = new Map(Object.keys(WAYS).map((name) => [name, [] as number[]]));
for (let round = 0; round < rounds; round++) {
  for (const [name, way] of Object.entries(WAYS)) {
    const began = process.cpuUsage();
    way();
    const { user, system } = process.cpuUsage(began);
    times.get(name)?.push((user + system) / rows);
  }
}
const best = (name: string): number => Math.min(...(times.get(name) ?? []));
for (const name of Object.keys(WAYS)) {
  const ratio = best(name) / best('bare functions');
  process.stdout.write(
    `${name}: ${best(name).toFixed(1)} µs of processor a row, ${ratio.toFixed(2)} of the bare functions\n`,
  );
}
