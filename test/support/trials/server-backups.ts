import { expect } from '@jest/globals';
import { backupServer } from '../../../src/commands/backup-server.ts';
import { makeKeeper } from '../../scenarios/sealed.ts';
import type { Trial, Trials } from '../every-request.ts';
import { type Taken, takePoints } from '../payloads.ts';
import { digestOf, digestsOf, prepared } from '../struck-servers.ts';

const keeper = await makeKeeper();
const identity = keeper.environment.IDENTITY;
const store = 'directory:openstack-backups/payloads';
const sealed = { store, recipients: keeper.recipient };

async function backups(which: 'fromVolume' | 'fromImage', more: Record<string, string>): Promise<Trial> {
  const all = await prepared();
  const { world, run, [which]: server } = all;
  const digests = digestsOf(all, server);
  const { backups: kept } = world.cloud.state;
  const prove = (point: Taken): string[] => {
    const { id, kind, name } = point.resource;
    const expected = digests.get(kind === 'image' ? name.replace(/ \S+$/, '') : id);
    if (point.method === 'cinder-backup') {
      const backup = kept.get(point.backup.id);
      expect([backup?.status, digestOf(backup?.saved?.data)]).toEqual(['available', expected]);
      return [point.backup.id];
    }
    if (kind === 'volume' || kind === 'image') expect(point.opened).toBe(expected);
    return [];
  };
  return {
    world,
    run: () => run(backupServer, { servers: server.id, ...more }),
    prove: async ({ code }) => {
      const points = await takePoints(world, identity);
      expect(points.some(({ method }) => method === 'disks')).toBe(code === 0);
      return points.flatMap(prove);
    },
  };
}

const title = 'a fault in the middle of backup-server';

export const serverBackups: Trials = [
  { title: `${title}, with Cinder backups`, open: () => backups('fromVolume', {}) },
  { title: `${title}, into a store`, open: () => backups('fromImage', sealed) },
];
