import type { Model } from '../core/definitions/definitions.js';
import type { Log } from '../core/ports/process.js';
import type { PublishedDefinition } from '../core/ports/serving.js';

/** Files come late or not at all, and each try reads all that lies there. */
const RETRY_AFTER_MS = 10_000;

type OpenModels = (models: readonly Model[]) => Promise<void>;

/**
 * Takes up what another process applied and this one has not loaded: reads its files and opens its models, one call at a time. What cannot be
 * taken up is said once, as an error, and tried again with the next new one, or ten seconds later; all else is served meanwhile. Never throws.
 */
export function createLearner(options: {
  /** Loads wanted definitions, by `kind name@version` with their hashes; returns those that could not be loaded, with the reason. */
  readonly grow: (wanted: ReadonlyMap<string, string>, openModels: OpenModels) => Promise<ReadonlyMap<string, unknown>>;
  readonly openModels: OpenModels;
  readonly log: Pick<Log, 'info' | 'error'>;
}): (wanted: readonly Pick<PublishedDefinition, 'kind' | 'id' | 'hash'>[]) => Promise<void> {
  const { grow, openModels, log } = options;
  const said = new Map<string, string>();
  let triedAt = 0;
  let learning: Promise<void> = Promise.resolve();

  const refuse = (definition: string, error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    if (said.get(definition) === message) return;
    said.set(definition, message);
    log.error({ err: error, definition }, 'a definition that another process applied is not served here');
  };

  const learn = async (wanted: ReadonlyMap<string, string>): Promise<void> => {
    const known = [...wanted.keys()].every((definition) => said.has(definition));
    if (known && performance.now() - triedAt < RETRY_AFTER_MS) return;
    triedAt = performance.now();
    try {
      const refused = await grow(wanted, openModels);
      for (const [definition, error] of refused) refuse(definition, error);
      const definitions = [...wanted.keys()].filter((definition) => !refused.has(definition));
      for (const definition of definitions) said.delete(definition);
      if (definitions.length > 0) {
        log.info({ definitions }, 'definitions that another process applied are served here too');
      }
    } catch (error) {
      for (const definition of wanted.keys()) refuse(definition, error);
    }
  };

  return (wanted) => {
    learning = learning.then(() => learn(new Map(wanted.map(({ kind, id, hash }) => [`${kind} ${id}`, hash]))));
    return learning;
  };
}
