import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { Attachment } from '../../../../src/openstack/compute/v2/attachments.ts';
import { differences } from '../../../../src/restore/server/check.ts';
import { savedDisk, savedServer, server } from '../../../support/server-records.ts';

const [root, data] = [randomUUID(), randomUUID()];
const disks = [
  { saved: savedDisk({ device: '/dev/vda' }), id: root },
  { saved: savedDisk({ device: '/dev/vdb' }), id: data },
] as Parameters<typeof differences>[1];
const attached = (volumeId: string, device: string | undefined) => ({ volumeId, device }) as Attachment;
const both = [attached(root, '/dev/vda'), attached(data, '/dev/vdb')];
const saved = savedServer({ description: 'mine', tags: ['a', 'b'], hostname: 'db' });
const same = server({ description: 'mine', tags: ['a', 'b'], hostname: 'db' });

test('a server that is as it was differs in nothing', () => {
  expect(differences(saved, disks, same, both)).toEqual({ differences: [], detached: [] });
});

test('a volume that it runs without is missed, with the words that attach it', () => {
  expect(differences(saved, disks, same, [attached(root, '/dev/vda')])).toEqual({
    differences: [],
    detached: [
      `volume ${data} is not attached to it: openstack server add volume ${same.id} ${data} attaches it`,
    ],
  });
});

test('an image that it boots from is no volume, and not missed', () => {
  const [disk] = disks;
  const ofImage = [{ ...disk, saved: savedDisk({ volume: null }) }] as typeof disks;
  expect(differences(saved, ofImage, same, [])).toEqual({ differences: [], detached: [] });
});

test('other devices, names, descriptions and tags are told', () => {
  const other = server({ description: '', tags: ['b'], hostname: 'db-2' });
  const swapped = [attached(root, '/dev/vdb'), attached(data, undefined)];
  expect(differences(saved, disks, other, swapped)).toEqual({
    differences: [
      `device /dev/vda: volume ${root} has /dev/vdb`,
      `device /dev/vdb: volume ${data} has none`,
      'host name "db": it is "db-2"',
      'description "mine"',
      'tag "a"',
    ],
    detached: [],
  });
});
