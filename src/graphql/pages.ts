import { badInput } from '../core/errors.js';

/**
 * Checks where a page of a list begins. A page after an id of nothing would be any page of the list.
 * @throws BAD_USER_INPUT for an id that `get` does not find
 */
export async function checkBefore(before: string | null, get: (id: string) => Promise<unknown>): Promise<void> {
  if (before == null || (await get(before)) !== null) return;
  throw badInput(
    `\`before\` is '${before.slice(0, 64)}', and the list holds no such id`,
    'give the id of the last row of the page before',
  );
}
