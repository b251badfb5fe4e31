/** What a definition of a wrong shape throws, as a problem of its file. */
export const wordsOf = (cause: unknown): string => {
  const words = cause instanceof Error ? cause.message : String(cause);
  return cause instanceof TypeError ? `has not the shape of its kind: ${words}` : words;
};
