import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { block, disk, inPieces, random, restored, save } from './disks.ts';
import { MemoryPlace } from './memory-place.ts';

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('a disk that is saved', () => {
  it('comes back byte for byte, with its digest', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(1), 200, 1000);
    const saved = await save(memory.place(), inPieces(bytes, random(2)));
    expect((await restored(memory.place(), saved.payload.name)).equals(bytes)).toBe(true);
    expect(saved.payload.digest).toEqual({ algorithm: 'sha256', value: sha256(bytes) });
    expect(saved.size).toBe(bytes.length);
  });

  it('sends only what changed', async () => {
    const memory = new MemoryPlace();
    const bytes = disk(random(3), 100, 5);
    const first = await save(memory.place(), bytes);
    const again = await save(memory.place(), bytes);
    expect(again.base).toBe(first.payload.name);
    expect(again.payload.sent).toBe(again.payload.stored.size);
    block('noise', 99).copy(bytes, 50 * 65536);
    const third = await save(memory.place(), bytes);
    expect((await restored(memory.place(), third.payload.name)).equals(bytes)).toBe(true);
    expect(third.payload.sent).toBeLessThan(70_000);
    expect(memory.names('data').length).toBe(2);
    expect(memory.names('open')).toEqual([]);
  });
});
