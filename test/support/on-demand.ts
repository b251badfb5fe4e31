/** On-demand views without files. */
import type { AnyOnDemandViewSpec } from '../../src/core/definitions/define-on-demand.js';
import type {
  AnyFeatureRef,
  OnDemandOrigin,
  OnDemandRef,
  OnDemandView,
  View,
} from '../../src/core/definitions/definitions.js';

/** A view as the registry would make it of `<name>.v1.on_demand.ts`, its inputs found among these views. */
export function onDemandOf(
  name: string,
  spec: AnyOnDemandViewSpec,
  views: readonly (View | OnDemandView)[],
): OnDemandView {
  const { entity, description, owner, tags = [] } = spec;
  const named = (specs: AnyOnDemandViewSpec['features']) =>
    Object.entries(specs).map(([each, options]) => ({ ...options, name: each }));
  const inputs = Object.entries(spec.inputs).map(([each, { reference }]) => {
    const [id, feature] = reference.split(':') as [string, string];
    const view = views.find((one) => one.id === id);
    const index = view?.features.findIndex((one) => one.name === feature) ?? -1;
    if (!view || index < 0) throw new Error(`there is no ${reference}`);
    return { name: each, ref: { view, feature: view.features[index], index, reference } as AnyFeatureRef };
  });
  return {
    name,
    version: 1,
    id: `${name}@1`,
    file: `features/${name}.v1.on_demand.ts`,
    hash: `hash of ${name}@1`,
    entity,
    description,
    owner,
    tags,
    features: named(spec.features),
    origin: {
      kind: 'on_demand',
      request: named(spec.request),
      inputs,
      reads: Object.fromEntries(Object.entries(spec.reads ?? {}).flatMap(([one, read]) => (read ? [[one, read]] : []))),
      compute: spec.compute as OnDemandOrigin['compute'],
    },
  };
}

export const onDemandRefs = (
  view: OnDemandView,
  names: readonly string[] = view.features.map(({ name }) => name),
): OnDemandRef[] =>
  view.features.flatMap((feature, index) =>
    names.includes(feature.name) ? [{ view, feature, index, reference: `${view.id}:${feature.name}` }] : [],
  );
