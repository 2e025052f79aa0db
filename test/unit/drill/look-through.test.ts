import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { drillBytes } from '../../../src/drill/bytes.ts';
import { cameBack } from '../../../src/drill/came-back.ts';
import { lookThrough } from '../../../src/drill/look-through.ts';
import type { Payload } from '../../../src/manifest/schema.ts';
import type { StoredPart } from '../../../src/verify/subjects.ts';
import { piecesAt } from '../../support/pieces.ts';

const disk = randomBytes(60_000);
disk.write('SWAPSPACE2', 4086);
const noise = randomBytes(60_000);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const of = (bytes: Buffer) => piecesAt(bytes, [1, 4090, 4090, 30_000]);

const tools = () => {
  const stop = new AbortController();
  const count = { bytes: 0 };
  return {
    stop,
    count,
    hide: () => undefined,
    signal: stop.signal,
    onBytes: (more: number) => {
      count.bytes += more;
    },
  };
};
const digestOf = (bytes: Buffer, size = bytes.length) => ({
  algorithm: 'sha256',
  value: sha256(bytes),
  size,
});

describe('bytes that flow by', () => {
  test.each([
    ['all of them', disk, disk.length, sha256(disk)],
    ['only the first, where the volume is larger', disk, 50_000, sha256(disk.subarray(0, 50_000))],
    ['none, where too few came', disk, 60_001, undefined],
  ])('have a digest of %s', async (_what, bytes, size, digest) => {
    const given = tools();
    const look = await lookThrough(of(bytes), { digest: { algorithm: 'sha256', size }, keys: [] }, given);
    expect(look).toMatchObject({ size: bytes.length, digest, luks: undefined, refused: [] });
    expect(look.recognised.what).toBe('swap space');
    expect(given.count.bytes).toBe(bytes.length);
  });

  test('end where the run is told to stop', async () => {
    const given = tools();
    const endless = async function* () {
      for (;;) {
        yield Buffer.alloc(4096);
        given.stop.abort(new Error('stopped'));
      }
    };
    await expect(lookThrough(endless(), { digest: undefined, keys: [] }, given)).rejects.toThrow('stopped');
  });
});

describe('what came back', () => {
  const expected = { digest: digestOf(disk), encrypted: false, untried: [], keys: [] };

  test('as it was saved has reached L3', async () => {
    expect(await cameBack(of(disk), expected, tools())).toMatchObject({ reached: 'L3', size: disk.length });
  });

  test.each([
    ['of other bytes', { ...expected, digest: digestOf(noise) }],
    ['too short', { ...expected, digest: digestOf(disk, disk.length + 1) }],
    ['without its LUKS header', { ...expected, encrypted: true }],
  ])('%s has reached nothing, and says why', async (_what, wanted) => {
    const finding = await cameBack(of(disk), wanted, tools());
    expect(finding).toMatchObject({ reached: null, keyProved: false, why: expect.any(String) });
  });

  test('of nothing known, with no digest, has reached nothing', async () => {
    const finding = await cameBack(of(noise), { ...expected, digest: undefined }, tools());
    expect(finding).toMatchObject({ reached: null, why: expect.stringContaining('nothing proves it') });
  });
});

describe('what a store has', () => {
  const part = (bytes: Buffer, more: Partial<StoredPart> = {}): StoredPart => {
    const whole = {
      layout: 'file',
      name: 'p',
      size: bytes.length,
      sha256: sha256(bytes),
    } as unknown as Payload;
    return {
      what: 'payload p of volume "db"',
      payload: whole,
      whole,
      isDisk: true,
      encrypted: false,
      key: undefined,
      ...more,
    } as StoredPart;
  };
  const holding = (bytes: Buffer) => ({ open: async () => of(bytes) });

  test.each([
    ['a disk that is recognised: L2', disk, {}, 'L2'],
    ['the same bytes of nothing known: L1b', noise, {}, 'L1b'],
    ['the same bytes of an encrypted disk without its key', disk, { encrypted: true }, null],
  ])('%s', async (_what, bytes, more, reached) => {
    const finding = await drillBytes([part(bytes, more)], holding(bytes) as never, tools());
    expect(finding.reached).toBe(reached);
    expect(finding.why === undefined).toBe(reached !== null);
  });

  test('a disk of nothing known among others: no more than that one', async () => {
    const store = {
      open: async (payload: { sha256: string }) => of(payload.sha256 === sha256(disk) ? disk : noise),
    };
    const finding = await drillBytes([part(disk), part(noise)], store as never, tools());
    expect(finding).toMatchObject({ reached: 'L1b', size: 120_000 });
  });

  test('one bad disk among good ones: nothing is reached', async () => {
    const store = { open: async () => of(disk) };
    const finding = await drillBytes([part(disk), part(noise)], store as never, tools());
    expect(finding).toMatchObject({ reached: null, why: expect.stringContaining('not what was saved') });
  });

  test('a manifest that was not opened says nothing of its data', async () => {
    const unopened = part(disk, { whole: undefined });
    await expect(drillBytes([unopened], holding(disk) as never, tools())).rejects.toThrow('was not opened');
  });
});
