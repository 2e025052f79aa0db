import { expect, test } from '@jest/globals';
import { cleanUp } from '../../../src/temporaries/clean.ts';
import { holdingsOf } from '../../../src/temporaries/holdings.ts';
import { lookedAtAgain } from '../../../src/temporaries/recheck.ts';
import { parseTemporary } from '../../../src/temporaries/tags.ts';
import { openEmbedded } from '../../support/embedded.ts';
import { record } from '../../support/records.ts';

test('only what is to be deleted is, whatever a second look says of the rest', async () => {
  await using opened = await openEmbedded();
  const { cloud, session } = opened;
  const thing = (status: string) => {
    const { id } = cloud.seed.addVolume({ status });
    return { kind: 'volume', id, name: '', status } as const;
  };
  const [gone, busy, whole] = [thing('error'), thing('error'), thing('available')];
  const text = record({ purpose: 'result', id: whole.id });
  const told = parseTemporary(text);
  if (told === undefined) throw new Error(`${text} is no record`);
  const said: string[] = [];
  const log = { ...session.log, warn: (line: string) => void said.push(line) };
  await cleanUp(
    session,
    [
      { ...gone, action: 'delete' },
      { ...busy, action: 'wait' },
      { ...whole, record: told, createdAt: undefined, action: 'tell', because: 'whole' } as never,
    ],
    async () => true,
    log,
    false,
  );
  await cloud.ticks.settle();
  expect([...cloud.state.volumes.keys()]).toEqual([busy.id, whole.id]);
  expect(said).toEqual([expect.stringContaining(busy.id), expect.stringContaining(whole.id)]);
});

test('what is gone at a second look is not held any more', async () => {
  await using opened = await openEmbedded();
  const { cloud, session } = opened;
  const [one, other] = [cloud.seed.addVolume(), cloud.seed.addVolume()];
  const listed = await holdingsOf(session);
  expect(listed.volumes).toHaveLength(2);
  cloud.state.volumes.delete(one.id);
  const found = await lookedAtAgain(session, listed, { kind: 'volume', id: one.id });
  expect(found.volumes.map(({ id }) => id)).toEqual([other.id]);
});
