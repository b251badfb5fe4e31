import type { Log } from '../core/ports/process.js';
import type { Applied } from '../core/ports/serving.js';

/** Files come late or not at all, and each try reads all that lies there: tries take at most a twentieth of the time, whatever one takes. */
const RETRY_AFTER_MS = 10_000;
const REST_A_TRY = 20;

/**
 * Takes up what another process applied and this one has not loaded: reads its files and opens its models, one call at a time. What cannot be
 * taken up is said once, as an error, and tried again with the next new one or ten seconds later, later still where a try takes long; all else is
 * served meanwhile. Never throws.
 */
export function createLearner(options: {
  /** Loads wanted definitions, by `kind name@version` with their hashes; returns those that could not be loaded, with the reason. */
  readonly grow: (wanted: ReadonlyMap<string, string>) => Promise<ReadonlyMap<string, unknown>>;
  readonly log: Pick<Log, 'info' | 'error'>;
}): (wanted: readonly Applied[]) => Promise<void> {
  const { grow, log } = options;
  /** What was said of each definition, and of which text. */
  const said = new Map<string, { readonly hash: string | undefined; readonly message: string }>();
  let nextTryAt = 0;
  let learning: Promise<void> = Promise.resolve();

  const refuse = (definition: string, hash: string | undefined, error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    const before = said.get(definition);
    said.set(definition, { hash, message });
    if (before?.message === message) return;
    log.error({ err: error, definition }, 'a definition is not served here as it was applied');
  };

  const learn = async (wanted: ReadonlyMap<string, string>): Promise<void> => {
    const known = [...wanted].every(([definition, hash]) => said.get(definition)?.hash === hash);
    const begun = performance.now();
    if (known && begun < nextTryAt) return;
    try {
      const refused = await grow(wanted);
      for (const [definition, error] of refused) refuse(definition, wanted.get(definition), error);
      const definitions = [...wanted.keys()].filter((definition) => !refused.has(definition));
      for (const definition of definitions) said.delete(definition);
      if (definitions.length > 0) {
        log.info({ definitions }, 'definitions that were applied since the start are served here too');
      }
    } catch (error) {
      for (const [definition, hash] of wanted) refuse(definition, hash, error);
    } finally {
      const ended = performance.now();
      nextTryAt = ended + Math.max(RETRY_AFTER_MS, REST_A_TRY * (ended - begun));
    }
  };

  return (wanted) => {
    learning = learning.then(() => learn(new Map(wanted.map(({ kind, id, hash }) => [`${kind} ${id}`, hash]))));
    return learning;
  };
}
