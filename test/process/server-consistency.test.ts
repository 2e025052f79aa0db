import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { startServer, stopServer } from '../../src/openstack/compute/v2/servers.ts';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { expectExit } from '../scenarios/steps.ts';
import { readManifest } from '../scenarios/volume-images.ts';
import { waitFor } from '../support/wait.ts';

const OFTEN = { everyMs: 20, forMs: 30_000 };

/** A stopped server with a disk of its own and a volume. */
async function stopped(meanwhile: boolean) {
  const world = await embeddedWorld({ tickMs: 20, ticksPerGib: 30 });
  try {
    const data = await world.makeVolume({ name: 'data', content: randomBytes(1000) });
    const server = await world.makeServer({
      name: 'web',
      image: true,
      volumes: [{ id: data }],
      stopped: true,
    });
    const nova = await (await world.session()).service('compute');
    const becomes = (status: string) =>
      waitFor(status, async () => world.cloud.state.servers.get(server.id)?.status === status, OFTEN);
    let ran: Promise<void> | undefined;
    const runAndStop = async () => {
      // Nova refuses as long as it takes the server's own disk.
      await waitFor(
        'the start to be taken',
        () =>
          startServer(nova, server.id).then(
            () => true,
            () => false,
          ),
        OFTEN,
      );
      await becomes('ACTIVE');
      world.cloud.state.servers.get(server.id)?.root?.write(4096, Buffer.from('written while it ran'));
      await stopServer(nova, server.id);
      await becomes('SHUTOFF');
    };
    // On and off again while it is saved: no look at its status sees it. The tool stands still so long, for it could be
    // done before.
    const onOutput = (text: string, kill: (signal: NodeJS.Signals) => void) => {
      if (!meanwhile || ran !== undefined || !text.includes('is being made')) return;
      kill('SIGSTOP');
      ran = runAndStop().finally(() => kill('SIGCONT'));
    };
    const told = await world.tool(['backup-server', '--servers', 'web', '--json'], { onOutput });
    expect(ran !== undefined).toBe(meanwhile);
    await ran;
    const manifest = await readManifest(expectExit(told, 0));
    const point = manifest.restorePoints.find(({ method }) => method === 'disks');
    return point !== undefined && 'oneMoment' in point ? [point.consistency, point.oneMoment] : undefined;
  } finally {
    await world.close();
  }
}

test('a server that is off all the time is saved offline, all as of the same moment', async () => {
  expect(await stopped(false)).toEqual(['offline', true]);
}, 60_000);

test('one that ran while it was saved is not, although it is off before and after', async () => {
  expect(await stopped(true)).toEqual(['crash', false]);
}, 60_000);
