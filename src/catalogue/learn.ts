import type { Model } from '../core/definitions/definitions.js';
import type { Log } from '../core/ports/process.js';
import type { PublishedDefinition } from '../core/ports/serving.js';

/**
 * Takes up what another process applied and this one has not loaded: reads its files and opens its models. What cannot be taken up is said
 * once and tried again at the next call; all else is served meanwhile.
 */
export function createLearner(options: {
  /** Loads wanted definitions from their files; returns the models among them. */
  readonly grow: (wanted: ReadonlyMap<string, string>) => Promise<readonly Model[]>;
  readonly openModels: (models: readonly Model[]) => Promise<void>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}): (missing: readonly Pick<PublishedDefinition, 'kind' | 'id' | 'hash'>[]) => Promise<void> {
  const { grow, openModels, log } = options;
  let said = '';
  return async (missing) => {
    const definitions = missing.map(({ kind, id }) => `${kind} ${id}`);
    try {
      await openModels(await grow(new Map(missing.map(({ kind, id, hash }) => [`${kind} ${id}`, hash]))));
      said = '';
      log.info({ definitions }, 'definitions that another process applied are served here too');
    } catch (error) {
      const message = `${definitions.join()}: ${error instanceof Error ? error.message : String(error)}`;
      if (message === said) return;
      said = message;
      log.warn({ err: error, definitions }, 'definitions that another process applied are not served here');
    }
  };
}
