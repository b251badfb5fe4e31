import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Syntax, SyntaxThread } from './syntax.js';

const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/riskgraph/syntax/', import.meta.url));
const { version } = createRequire(import.meta.url)('typescript/package.json') as { readonly version: string };
/** What decides beside the text how a file is read: the code that reads it, and its compiler. */
const reader = readFile(new URL('./syntax-thread.js', import.meta.url), 'utf8').then((code) => `${version}\0${code}`);

const placeOf = async (text: string): Promise<string> =>
  `${FOLDER}${createHash('sha256')
    .update(`${await reader}\0${text}`)
    .digest('hex')}.json`;

/** The syntax of a text that some process read before; undefined where none did. */
async function kept(text: string): Promise<Syntax | undefined> {
  try {
    return JSON.parse(await readFile(await placeOf(text), 'utf8')) as Syntax;
  } catch {
    return undefined;
  }
}

/** For the processes to come, which then start without the compiler. */
async function keep(text: string, syntax: Syntax): Promise<void> {
  const place = await placeOf(text);
  const draft = `${place}.${process.pid}`;
  try {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(draft, JSON.stringify(syntax));
    await rename(draft, place);
  } catch {
    // A folder that cannot be written, as in a container, costs the next process its time and nothing else.
  }
}

const thread = new SyntaxThread();

/** What this process has read, by path: a load asks for the same file many times. */
const read = new Map<string, { readonly text: string; readonly syntax: Promise<Syntax> }>();

/** The syntax of a file, as an earlier process kept it, or read by the thread of this one. Throws where the file cannot be read. */
export async function syntaxOf(path: string): Promise<Syntax> {
  const text = await readFile(path, 'utf8');
  const before = read.get(path);
  if (before?.text === text) return before.syntax;
  const syntax = keptOrRead(path, text);
  read.set(path, { text, syntax });
  syntax.catch(() => read.delete(path));
  return syntax;
}

async function keptOrRead(path: string, text: string): Promise<Syntax> {
  const known = await kept(text);
  if (known) return known;
  const syntax = await thread.read(path, text);
  await keep(text, syntax);
  return syntax;
}
