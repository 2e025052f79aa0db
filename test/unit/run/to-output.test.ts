import { PassThrough, Writable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { OperationError } from '../../../src/errors.ts';
import { toOutput } from '../../../src/run/to-output.ts';
import { allOf, once } from '../../../src/stream/chunks.ts';

test('all bytes come, and the output stays open', async () => {
  const output = new PassThrough();
  await toOutput(once(Buffer.from('disk')), output, new AbortController().signal);
  expect(output.writableEnded).toBe(false);
  output.end();
  expect((await allOf(output)).toString()).toBe('disk');
});

test('a reader that stops is told, and is no bug', async () => {
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const output = new Writable({ write: (_piece, _encoding, done) => done(gone) });
  const written = toOutput(once(Buffer.from('disk')), output, new AbortController().signal);
  await expect(written).rejects.toThrow(OperationError);
  await expect(written).rejects.toThrow('whoever reads standard output stopped before its end');
});

test('a stop ends it, also where the reader stands still', async () => {
  const stop = new AbortController();
  const output = new Writable({ highWaterMark: 1, write: () => stop.abort() });
  await expect(toOutput(once(Buffer.from('disk')), output, stop.signal)).rejects.toThrow(/abort/i);
});
