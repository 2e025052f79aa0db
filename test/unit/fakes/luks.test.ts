import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { BLOCK_BYTES, SparseBytes } from '../../fakes/cloud/bytes.ts';
import { LUKS_HEADER_BYTES, newLuks1, openLuks1, passphraseOf } from '../../fakes/cloud/luks.ts';
import { testWith } from '../../support/installed.ts';
import { open } from './client.ts';

const PASSPHRASE = passphraseOf(Buffer.from('00ff'.repeat(16), 'hex'));

describe('LUKS1 bytes', () => {
  test('the header is as long as the one of qemu for a key of 2 x 256 bit', () => {
    // Seen on the real cloud: the image of an encrypted 1 GiB volume has 1,075,810,304 bytes.
    expect(1024 ** 3 + LUKS_HEADER_BYTES).toBe(1_075_810_304);
  });

  test('what is written through the key is read back, at odd places too, and is not there in clear', () => {
    const device = newLuks1(1024 * 1024, PASSPHRASE);
    const opened = openLuks1(device, PASSPHRASE);
    opened?.writePlain(4000, Buffer.from('across the border of a sector'));
    const again = openLuks1(device, PASSPHRASE);
    expect(again?.readPlain(4000, 29).toString()).toBe('across the border of a sector');
    const raw = Buffer.concat([...device.chunks()]);
    expect(raw.includes('across the border')).toBe(false);
    expect(raw.subarray(0, 8).toString('hex')).toBe('4c554b53babe0001');
  });

  test('another passphrase opens nothing, and plain bytes are no LUKS device', () => {
    expect(openLuks1(newLuks1(4096, PASSPHRASE), passphraseOf(Buffer.alloc(32)))).toBeUndefined();
    expect(openLuks1(new SparseBytes(8 * 1024 * 1024), PASSPHRASE)).toBeUndefined();
  });

  testWith('cryptsetup')('cryptsetup opens it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'luks-'));
    try {
      const [image, right, wrong] = ['image', 'right', 'wrong'].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      writeFileSync(image, Buffer.concat([...newLuks1(4096, PASSPHRASE).chunks()]));
      writeFileSync(right, PASSPHRASE);
      writeFileSync(wrong, 'x');
      const open = (key: string): number | null =>
        spawnSync('cryptsetup', ['luksOpen', '--test-passphrase', '--key-file', key, image], {
          env: { PATH: `${process.env['PATH']}:/usr/sbin` },
        }).status;
      expect(open(right)).toBe(0);
      expect(open(wrong)).not.toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('sparse bytes', () => {
  test('a gibibyte of nothing takes no memory, and zeros written take none either', () => {
    const bytes = new SparseBytes(1024 ** 3);
    bytes.write(5 * BLOCK_BYTES, Buffer.alloc(3 * BLOCK_BYTES));
    expect(bytes.allocatedBytes).toBe(0);
    bytes.write(1024 ** 3 - 1, Buffer.from([1]));
    expect(bytes.allocatedBytes).toBe(BLOCK_BYTES);
  });

  test('a clone does not see what is written to its original', () => {
    const original = SparseBytes.from(Buffer.alloc(BLOCK_BYTES * 2, 7));
    const clone = original.clone();
    original.write(BLOCK_BYTES - 1, Buffer.from([1, 2]));
    expect(clone.read(BLOCK_BYTES - 1, 2)).toEqual(Buffer.from([7, 7]));
    expect(original.read(BLOCK_BYTES - 1, 2)).toEqual(Buffer.from([1, 2]));
    expect(clone.changedBlocks(original)).toBe(2);
    expect(clone.equals(original)).toBe(false);
  });

  test('an overlay writes its zeros and leaves what lies behind it', () => {
    const target = SparseBytes.from(Buffer.alloc(BLOCK_BYTES * 3, 9));
    const source = new SparseBytes(BLOCK_BYTES + 10);
    source.write(0, Buffer.from([5]));
    target.overlay(source);
    expect(target.read(0, 2)).toEqual(Buffer.from([5, 0]));
    expect(target.read(BLOCK_BYTES + 9, 2)).toEqual(Buffer.from([0, 9]));
    expect(target.size).toBe(BLOCK_BYTES * 3);
  });

  test('cutting off and growing again leaves zeros', () => {
    const bytes = SparseBytes.from(Buffer.alloc(BLOCK_BYTES * 2, 3));
    bytes.resize(BLOCK_BYTES + 1);
    bytes.resize(BLOCK_BYTES * 2);
    expect(bytes.read(BLOCK_BYTES, 2)).toEqual(Buffer.from([3, 0]));
  });

  test('a fingerprint is that of the first bytes, and of no others', () => {
    const bytes = SparseBytes.from(Buffer.alloc(BLOCK_BYTES * 2, 3));
    const before = bytes.fingerprint();
    const half = bytes.fingerprint(BLOCK_BYTES + 1);
    expect(half).not.toBe(before);

    bytes.write(BLOCK_BYTES + 1, Buffer.from([4]));
    expect(bytes.fingerprint()).not.toBe(before);
    expect(bytes.fingerprint(BLOCK_BYTES + 1)).toBe(half);
    expect(bytes.size).toBe(BLOCK_BYTES * 2);

    bytes.write(BLOCK_BYTES + 1, Buffer.from([3]));
    expect(bytes.fingerprint()).toBe(before);
    const moved = new SparseBytes(BLOCK_BYTES * 2);
    moved.write(0, bytes.read(BLOCK_BYTES, BLOCK_BYTES));
    const there = new SparseBytes(BLOCK_BYTES * 2);
    there.write(BLOCK_BYTES, bytes.read(0, BLOCK_BYTES));
    expect(moved.fingerprint()).not.toBe(there.fingerprint());
    expect(() => bytes.fingerprint(bytes.size + 1)).toThrow(RangeError);
  });

  test('digests are those of the whole content', async () => {
    const bytes = new SparseBytes(3_000_000);
    bytes.write(1_500_000, Buffer.from('x'));
    const [sha256] = await bytes.digests('sha256');
    expect(sha256).toBe(bytes.sha256());
  });
});

describe('an encrypted volume that is no LUKS, when a server gets it', () => {
  const attached = async (attachFormats: boolean) => {
    const client = await open({ capabilities: { attachFormats } });
    const { cloud } = client;
    const volume = cloud.seed.addVolume({ type: 'luks' });
    volume.data = SparseBytes.from(Buffer.alloc(4 * 1024 * 1024, 7));
    const server = cloud.seed.addServer();
    await client.call('POST', `/compute/v2.1/servers/${server.id}/os-volume_attachments`, {
      volumeAttachment: { volumeId: volume.id },
    });
    await cloud.ticks.settle();
    await cloud.close();
    return { volume, server };
  };

  test('is refused and stays as it is', async () => {
    const { volume, server } = await attached(false);
    expect(volume.status).toBe('available');
    expect(volume.data.read(0, 2)).toEqual(Buffer.from([7, 7]));
    expect(server.actions[0]).toMatchObject({ action: 'attach_volume', message: 'Error' });
  });

  test('is formatted and lost, where Nova formats', async () => {
    const { volume } = await attached(true);
    expect(volume.status).toBe('in-use');
    expect(volume.data.read(0, 8).toString('hex')).toBe('4c554b53babe0001');
  });
});
