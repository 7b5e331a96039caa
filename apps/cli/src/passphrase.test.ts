import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { answerOf } from './passphrase.ts';

const shown = (): PassThrough => new PassThrough().resume();

it('a question on the terminal is answered by a line', async () => {
  const terminal = new PassThrough();
  const answer = answerOf(terminal, shown());
  terminal.write('correct horse\r');
  expect(await answer).toBe('correct horse');
});

it.each([
  ['Ctrl-D', '\u0004'],
  ['Ctrl-C', '\u0003'],
])('%s is no answer, and no wait without end', async (_name, key) => {
  const terminal = new PassThrough();
  const answer = answerOf(terminal, shown());
  terminal.write(key);
  await expect(answer).rejects.toThrow('interrupted');
});
