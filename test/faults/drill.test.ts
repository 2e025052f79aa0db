import { expect, test } from '@jest/globals';
import { isTold, isWrite, strikeEveryRequest, strikeSome, type Trial } from '../support/every-request.ts';
import type { Told } from '../support/in-process.ts';
import { forget, newIn, standing } from '../support/standing.ts';
import {
  backupDrills,
  bootDrills,
  heldDrills,
  imageDrills,
  serverDrills,
  storeDrills,
} from '../support/trials/drills.ts';

await strikeEveryRequest([...backupDrills, ...imageDrills]);
// What these do besides is what those do, and a restore from a store.
await strikeSome([...storeDrills, ...serverDrills]);
await strikeSome([...bootDrills, ...heldDrills]);

/**
 * A run makes nothing between its writes: it dies before one, or after it, with or without its answer. One that holds a server
 * dies in its step or in its post step.
 */
test.each([...serverDrills, ...imageDrills, ...heldDrills])(
  'killed at any write: $title',
  async ({ open }) => {
    const trial = await open();
    const { cloud } = trial.world;
    try {
      const smooth = await trial.run();
      expect([smooth.code, smooth.error]).toEqual([0, '']);
      await trial.prove(smooth);
      const asked = cloud.requests.length;
      await trial.run();
      const writes = cloud.requests.slice(asked).flatMap((request, at) => (isWrite(request) ? [at + 1] : []));
      expect(writes.length).toBeGreaterThan(5);
      for (const nth of writes) {
        await killed(trial, nth, false);
        await killed(trial, nth, true);
      }
    } finally {
      await trial.world.close();
    }
  },
  180_000,
);

/** @param isLast whether the cloud still carries out the request that the run dies at */
async function killed({ world: { cloud }, run }: Trial, nth: number, isLast: boolean): Promise<void> {
  const before = standing(cloud);
  if (isLast) cloud.faults.add({ when: { nth }, do: 'lost-response' });
  cloud.faults.add({
    when: { nth: isLast ? nth + 1 : nth, times: Number.POSITIVE_INFINITY },
    do: 'connection-reset',
  });
  await run();
  cloud.faults.clear();
  await cloud.ticks.settle();
  const said: Told[] = [];
  for (let again = 0; again < 2; again += 1) {
    const next = await run();
    expect([next.code, next.error]).toEqual([0, '']);
    said.push(next);
    await cloud.ticks.settle();
  }
  // An empty secret says nothing of us, and what is whole with a record that names no id yet may be a copy: such a
  // thing is kept, and told.
  // So is the security group that such a port uses.
  const { ports } = cloud.state.network;
  const keeps = (id: string) =>
    [...ports.values()].some((port) => port.securityGroups.includes(id) && told(port.id));
  const told = (id: string) => said.some((one) => isTold(one, id));
  const isDoubtful = (id: string) => cloud.state.secrets.get(id)?.payload === null || told(id) || keeps(id);
  forget(cloud, newIn(cloud, before).filter(isDoubtful));
  expect([nth, newIn(cloud, before)]).toEqual([nth, []]);
  expect([...standing(cloud)].sort()).toEqual([...before].sort());
}
