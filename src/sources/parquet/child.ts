/** A program that reads Parquet files, one after the other, for the process that started it, and sends each batch that it is asked for. */
import { on } from 'node:events';
import { RiskgraphError } from '../../core/errors.js';
import type { Answer, Question } from './messages.js';
import { readRows } from './rows.js';

const questions = on(process, 'message') as AsyncIterableIterator<[Question]>;

const send = (answer: Answer): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(answer, (error: Error | null) => (error ? reject(error) : resolve()));
  });

const failureOf = (error: unknown): Answer => {
  if (!(error instanceof RiskgraphError)) return { kind: 'fault', text: String(error) };
  const { code, message, hint } = error;
  return { kind: 'refusal', code, message, hint };
};

async function read(path: string): Promise<void> {
  for await (const batch of readRows(path)) {
    await questions.next();
    await send({ kind: 'batch', ...batch });
  }
  await send({ kind: 'end' });
}

// Its server is gone.
process.once('disconnect', () => process.exit());
await send({ kind: 'ready' });
for await (const [question] of questions) {
  // The last batch was followed by a question that has no answer.
  if (question.kind === 'read') await read(question.path).catch((error: unknown) => send(failureOf(error)));
}
