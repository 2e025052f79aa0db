import { expect } from '@jest/globals';
import { isKept, isWrite, type Trial } from './every-request.ts';
import type { Told } from './in-process.ts';
import { forget, newIn, standing } from './standing.ts';

/**
 * A run makes nothing between its writes: it dies before one, or after it, with or without its answer. Nothing of it is
 * left after the next runs, and what else there was is as it was.
 *
 * @param each of how many writes one
 */
export async function killedAtWrites(trial: Trial, each: number): Promise<void> {
  const { cloud } = trial.world;
  const smooth = await trial.run();
  expect([smooth.code, smooth.error]).toEqual([0, '']);
  await trial.prove(smooth);
  const asked = cloud.requests.length;
  await trial.run();
  const writes = cloud.requests.slice(asked).flatMap((request, at) => (isWrite(request) ? [at + 1] : []));
  expect(writes.length).toBeGreaterThan(5);
  for (const nth of writes.filter((_, at) => at % each === each - 1)) {
    await killed(trial, nth, false);
    await killed(trial, nth, true);
  }
}

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
  const isDoubtful = (id: string) =>
    cloud.state.secrets.get(id)?.payload === null || said.some((one) => isKept(one, id, cloud));
  forget(cloud, newIn(cloud, before).filter(isDoubtful));
  expect([nth, newIn(cloud, before)]).toEqual([nth, []]);
  expect([...standing(cloud)].sort()).toEqual([...before].sort());
}
