import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type Metrics } from '../core/ports/metrics.js';

type Labels = Readonly<Record<string, string>>;
type Name = keyof typeof METRICS;

/** From a Redis round trip to a training set. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** How Prometheus sees a metric. */
export const prometheusName = (name: Name): string =>
  `riskgraph_${name}${METRICS[name].kind === 'counter' ? '_total' : ''}`;

/** A registry that shows a metric from its first report on: a gauge that nobody set would read as 0, and alarm. */
export function createMetrics(): { readonly metrics: Metrics; text(): Promise<string> } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'riskgraph_' });
  const counters = new Map<Name, Counter>();
  const histograms = new Map<Name, Histogram>();
  const gauges = new Map<Name, Gauge>();
  /** Label sets of each gauge. */
  const labelsOf = new Map<Name, Map<string, Labels>>();

  const getOrCreate = <T>(all: Map<Name, T>, name: Name, make: () => T): T => {
    const metric = all.get(name) ?? make();
    all.set(name, metric);
    return metric;
  };
  const options = (name: Name) => ({
    name: prometheusName(name),
    help: METRICS[name].help,
    labelNames: [...METRICS[name].labels],
    registers: [registry],
  });

  return {
    metrics: {
      count(name, labels, by = 1) {
        getOrCreate(counters, name, () => new Counter(options(name))).inc({ ...labels }, by);
      },
      observe(name, seconds, labels) {
        const histogram = getOrCreate(histograms, name, () => new Histogram({ ...options(name), buckets: SECONDS }));
        histogram.observe({ ...labels }, seconds);
      },
      gauge(name, value, labels) {
        const given: Labels = { ...labels };
        getOrCreate(gauges, name, () => new Gauge(options(name))).set(given, value);
        const all = labelsOf.get(name) ?? new Map<string, Labels>();
        labelsOf.set(name, all.set(JSON.stringify(given), given));
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

/** A sample up to where its labels begin or its value. */
const SAMPLE = /^([a-zA-Z_:][\w:]*)(\{?)/;

/**
 * One exposition of several processes: each sample is labelled with its process, and a metric that several of them have stands once, as the
 * format demands.
 */
export function mergeExpositions(texts: Readonly<Record<string, string>>): string {
  const merged = new Map<string, string[]>();
  for (const [process, text] of Object.entries(texts)) {
    for (const family of text.split(/^(?=# HELP )/m)) {
      const [help = '', type = '', ...samples] = family.split('\n').filter((line) => line !== '');
      if (!help.startsWith('# HELP ')) continue;
      const head = `${help}\n${type}`;
      const labelled = samples.map((sample) =>
        sample.replace(SAMPLE, (_, name: string, brace: string) => `${name}{process="${process}"${brace ? ',' : '}'}`),
      );
      const name = help.split(' ')[2] as string;
      const known = merged.get(name);
      if (known) known.push(...labelled);
      else merged.set(name, [head, ...labelled]);
    }
  }
  return `${[...merged.values()].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** The table of every metric, in Markdown. */
export function metricTable(): string {
  const rows = (Object.keys(METRICS) as Name[]).map((name) => {
    const { kind, help, labels } = METRICS[name];
    return `| \`${prometheusName(name)}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
  });
  return ['| Metric | Kind | Labels | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}
