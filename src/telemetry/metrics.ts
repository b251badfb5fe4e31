import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../core/ports/process.js';

type Labels = Readonly<Record<string, string>>;

/** From a Redis round trip to a training set. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** prom-client fixes a metric's label names when it is made; the seams name theirs with the first report. */
export function createMetrics(): { readonly metrics: Metrics; text(): Promise<string> } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'riskgraph_' });
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  const gauges = new Map<string, Gauge>();
  /** Labels with which each gauge was told. */
  const told = new Map<string, Map<string, Labels>>();

  const held = <T>(all: Map<string, T>, name: string, make: () => T): T => {
    const known = all.get(name) ?? make();
    all.set(name, known);
    return known;
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
        held(counters, name, () => new Counter(options(name, labels))).inc({ ...labels }, by);
      },
      observe(name, seconds, labels = {}) {
        const histogram = held(histograms, name, () => new Histogram({ ...options(name, labels), buckets: SECONDS }));
        histogram.observe({ ...labels }, seconds);
      },
      gauge(name, value, labels = {}) {
        held(gauges, name, () => new Gauge(options(name, labels))).set({ ...labels }, value);
        const all = told.get(name) ?? new Map<string, Labels>();
        told.set(name, all.set(JSON.stringify(labels), labels));
      },
      forget(wanted) {
        for (const [name, all] of told) {
          for (const [key, labels] of all) {
            if (!Object.entries(wanted).every(([label, value]) => labels[label] === value)) continue;
            gauges.get(name)?.remove({ ...labels });
            all.delete(key);
          }
        }
      },
    },
    text: () => registry.metrics(),
  };
}
