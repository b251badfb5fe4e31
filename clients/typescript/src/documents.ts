/** What a GraphQL document does. */

/** Text in which a brace or a word means nothing: block strings, strings, comments. */
const TEXT = /"""(?:\\"""|[\s\S])*?"""|"(?:\\.|[^"\\])*"|#[^\n\r]*/g;
/** What lies within braces that hold no others. */
const INNERMOST = /\{[^{}]*\}/g;
/** An operation begins the document, or follows what ended before it. */
const MUTATION = /(?:^|;)[\s,]*mutation\b/;

/** Whether a document holds a mutation, which must not be sent twice. */
export function isChange(document: string): boolean {
  let outer = document.replace(TEXT, ' ');
  for (let before = ''; before !== outer; ) {
    before = outer;
    outer = before.replace(INNERMOST, ';');
  }
  return MUTATION.test(outer);
}
