import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../core/ports/process.js';

type Labels = Readonly<Record<string, string>>;

/** From a Redis round trip to a training set. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** A registry in which the first report of a metric fixes its label names, as prom-client requires. */
export function createMetrics(): { readonly metrics: Metrics; text(): Promise<string> } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'riskgraph_' });
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  const gauges = new Map<string, Gauge>();
  /** Label sets of each gauge. */
  const labelsOf = new Map<string, Map<string, Labels>>();

  const getOrCreate = <T>(all: Map<string, T>, name: string, make: () => T): T => {
    const metric = all.get(name) ?? make();
    all.set(name, metric);
    return metric;
  };
  const options = (name: string, labels: Labels) => ({
    name: `riskgraph_${name}`,
    help: name.replaceAll('_', ' '),
    labelNames: Object.keys(labels),
    registers: [registry],
  });

  return {
    metrics: {
      count(name, labels = {}, by = 1) {
        getOrCreate(counters, name, () => new Counter(options(name, labels))).inc({ ...labels }, by);
      },
      observe(name, seconds, labels = {}) {
        const histogram = getOrCreate(
          histograms,
          name,
          () => new Histogram({ ...options(name, labels), buckets: SECONDS }),
        );
        histogram.observe({ ...labels }, seconds);
      },
      gauge(name, value, labels = {}) {
        getOrCreate(gauges, name, () => new Gauge(options(name, labels))).set({ ...labels }, value);
        const all = labelsOf.get(name) ?? new Map<string, Labels>();
        labelsOf.set(name, all.set(JSON.stringify(labels), labels));
      },
      forget(selector) {
        for (const [name, all] of labelsOf) {
          for (const [key, labels] of all) {
            if (!Object.entries(selector).every(([label, value]) => labels[label] === value)) continue;
            gauges.get(name)?.remove({ ...labels });
            all.delete(key);
          }
        }
      },
    },
    text: () => registry.metrics(),
  };
}
