import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Consistent, contradiction } from '../../../src/manifest/contradictions.ts';
import type { RestorePoint } from '../../../src/manifest/schema.ts';
import {
  backupPoint,
  encryptedWith,
  imagePoint,
  keptImagePoint,
  manifestWith,
  secretPoint,
  serverPoint,
  volumeImagePoint,
} from '../../support/points.ts';
import { savedDisk } from '../../support/server-records.ts';

/** Of a manifest that is read, and of one that is written, point by point. */
function said(...points: RestorePoint[]): (string | undefined)[] {
  const written = new Consistent();
  const refused = points.map((point) => written.add(point)).find((why) => why !== undefined);
  return [contradiction(manifestWith(...points)), refused];
}

const image = imagePoint();
const downloaded = volumeImagePoint();
const backedUp = backupPoint();
const key = secretPoint();
const encrypted = volumeImagePoint({ encrypted: true }, encryptedWith(key));
const { payload } = downloaded;
if (payload === null) throw new Error('it has a payload');
const plaintext = { ...key, method: 'plaintext', payload: { ...key.payload, sealed: false } } as const;
const keyed = (fields: object) => {
  const encryption = { ...encryptedWith(key), key: { ...encryptedWith(key).key, ...fields } };
  return volumeImagePoint({ encrypted: true }, encryption);
};
const chained = (incremental: boolean, parent: string | null, position: number) => ({
  ...backedUp,
  backup: { ...backedUp.backup, incremental },
  chain: { ...backedUp.chain, parent, position },
});
const ofVolume = serverPoint({ disks: [savedDisk({ point: backedUp.id })] });
const ofImage = serverPoint({ disks: [savedDisk({ point: image.id, volume: null })] });

describe('a manifest is one thing all through', () => {
  test.each<[string, RestorePoint[]]>([
    ['nothing', []],
    ['one of each kind', [image, keptImagePoint(), downloaded, backedUp, key, encrypted, ofVolume, ofImage]],
    ['a key in clear', [plaintext]],
    ['an increment', [chained(true, randomUUID(), 1)]],
    ['a kept image without a payload', [volumeImagePoint({}, null, null)]],
    ['a key that stays in the cloud', [volumeImagePoint({ encrypted: true }, encryptedWith(undefined))]],
  ])('with %s', (_, points) => {
    expect(said(...points)).toEqual([undefined, undefined]);
  });

  test.each<[string, RestorePoint[], RegExp]>([
    ['a backup of two points', [backedUp, { ...backedUp, id: randomUUID() }], /appears twice/],
    ['a payload of two points', [image, { ...imagePoint(), payload: image.payload }], /appears twice/],
    ['an increment without a parent', [chained(true, null, 0)], /an increment without a parent/],
    ['a full backup with a parent', [chained(false, randomUUID(), 0)], /or a full backup with one/],
    ['an increment at the start of its chain', [chained(true, randomUUID(), 0)], /wrong position/],
    ['a full backup in mid-chain', [chained(false, null, 2)], /wrong position/],
    [
      'a payload of another size than its image',
      [{ ...image, payload: { ...image.payload, size: image.payload.size - 1 } }],
      /differs in size from its image/,
    ],
    [
      'a payload of another size than its volume image',
      [{ ...downloaded, payload: { ...payload, size: payload.size + 1 } }],
      /differs in size from its image/,
    ],
    ['an image that is nowhere', [{ ...downloaded, payload: null }], /its image is neither kept nor stored/],
    [
      'a sealed key whose payload is not',
      [{ ...key, payload: { ...key.payload, sealed: false } }],
      /is recorded as sealed, but its payload is not/,
    ],
    [
      'a key in clear whose payload is sealed',
      [{ ...plaintext, payload: key.payload }],
      /is recorded as plaintext, but its payload is not/,
    ],
    ['a server whose volume is not in it', [ofVolume], /needs .*, which is not in the manifest/],
    [
      'a server whose volume is an image',
      [image, serverPoint({ disks: [savedDisk({ point: image.id })] })],
      /needs/,
    ],
    [
      'a server whose image is a volume',
      [backedUp, serverPoint({ disks: [savedDisk({ point: backedUp.id, volume: null })] })],
      /needs/,
    ],
    ['a volume whose key is not in it', [encrypted], /the key of .* should be in/],
    ['a volume with the key of another', [key, keyed({ id: randomUUID() })], /the key of .* should be in/],
    ['a volume whose key is no key', [image, keyed({ point: image.id })], /the key of .* should be in/],
    [
      'a saved key that is in no point',
      [keyed({ point: undefined })],
      /is recorded as sealed, proved, but is not in the manifest/,
    ],
  ])('not with %s', (_, points, message) => {
    expect(said(...points)).toEqual([expect.stringMatching(message), expect.stringMatching(message)]);
  });
});
