import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { writeTags } from '../../../src/chain/tags.ts';
import type { Clock } from '../../../src/clock.ts';
import { createBackup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { silentLog } from '../../../src/ports/log.ts';
import type { Liveness, Owner } from '../../../src/ports/owner.ts';
import { holdingsOf } from '../../../src/temporaries/holdings.ts';
import { openLedger } from '../../../src/temporaries/ledger.ts';
import { sweep } from '../../../src/temporaries/sweep.ts';
import { parseTemporary } from '../../../src/temporaries/tags.ts';
import { toMinute } from '../../../src/text/words.ts';
import { openEmbedded } from '../../support/embedded.ts';
import { record, tags } from '../../support/records.ts';

const run = { id: randomUUID(), owner: 'host:m:b:n:1:1' };

const BEAT_MS = 20 * 60_000;

/** A clock that passes over a beat of the ledger when it is told to. */
function beatingClock() {
  let now = Date.now();
  let wake: (() => void) | undefined;
  let slept = () => {};
  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (ms === BEAT_MS) wake = resolve;
        else resolve();
        signal?.addEventListener('abort', () => reject(signal.reason));
        if (ms === BEAT_MS) slept();
      }),
  };
  const pass = () => {
    now += BEAT_MS;
    wake?.();
  };
  /** Until it waits for the next one. */
  const beat = () =>
    new Promise<void>((resolve) => {
      slept = resolve;
      pass();
    });
  /** Where no next one should come. */
  const silence = async () => {
    pass();
    await sleep(150);
  };
  return { clock, beat, silence };
}

describe('a ledger', () => {
  test('names the thing in its record, and renews that until it is let go', async () => {
    const { clock, beat, silence } = beatingClock();
    await using opened = await openEmbedded({}, { clock });
    const { cloud, session } = opened;
    const ledger = openLedger(session, run);
    const draft = ledger.draft('result', 1);
    const volume = cloud.seed.addVolume({ description: ledger.unbound(draft) });
    const read = () => parseTemporary(volume.description ?? '');
    expect(read()).toMatchObject({ id: undefined, owner: run.owner });
    await ledger.bind(draft, 'volume', volume.id);
    const first = read();
    expect(first).toMatchObject({ id: volume.id, tag: draft.tag, purpose: 'result' });
    for (const beats of [1, 2]) {
      await beat();
      expect(read()).toMatchObject({ id: volume.id, tag: draft.tag, made: first?.made });
      expect((read()?.expires ?? 0) - (first?.expires ?? 0)).toBe(beats * BEAT_MS);
    }
    await ledger.release(volume.id);
    volume.description = 'mine';
    await silence();
    expect(volume.description).toBe('mine');
    await ledger.close();
  });

  test('ends with its run, whatever it still holds', async () => {
    const { clock, silence } = beatingClock();
    await using opened = await openEmbedded({}, { clock });
    const ledger = openLedger(opened.session, run);
    const volume = opened.cloud.seed.addVolume();
    volume.description = ledger.bound(ledger.draft('scratch', 1), 'volume', volume.id);
    await ledger.close();
    const last = volume.description;
    await silence();
    expect(volume.description).toBe(last);
  });

  test('forgets what is gone, and goes on with the others', async () => {
    const { clock, beat } = beatingClock();
    await using opened = await openEmbedded({}, { clock });
    const ledger = openLedger(opened.session, run);
    const draft = ledger.draft('scratch', 1);
    ledger.bound(draft, 'volume', randomUUID());
    const volume = opened.cloud.seed.addVolume();
    volume.description = ledger.bound(draft, 'volume', volume.id);
    const first = parseTemporary(volume.description)?.expires ?? 0;
    await beat();
    expect((parseTemporary(volume.description ?? '')?.expires ?? 0) - first).toBe(BEAT_MS);
    await ledger.close();
  });

  test('says until when all that it holds is its maker’s, though nobody renews that; what is gone does not count', async () => {
    const { clock, beat } = beatingClock();
    await using opened = await openEmbedded({}, { clock });
    const { cloud, session } = opened;
    const ledger = openLedger(session, run);
    const draft = ledger.draft('scratch', 1);
    ledger.bound(draft, 'volume', randomUUID());
    const volumes = [cloud.seed.addVolume(), cloud.seed.addVolume()];
    for (const { id } of volumes) await ledger.bind(draft, 'volume', id);
    const until = Math.ceil((clock.now() + 24 * BEAT_MS) / 60_000) * 60_000;
    expect(await ledger.keepUntil(until)).toBe(until);
    const expiries = () => volumes.map(({ description }) => parseTemporary(description ?? '')?.expires ?? 0);
    for (const expires of expiries()) expect(Math.abs(expires - until)).toBeLessThan(60_000);
    // A run that goes on longer than it thought shortens nothing.
    await beat();
    for (const expires of expiries()) expect(expires).toBeGreaterThanOrEqual(until);
    await ledger.close();
  });

  test('says if a record could not be written, since others believe only that', async () => {
    const { clock } = beatingClock();
    await using opened = await openEmbedded({}, { clock });
    const { cloud, session } = opened;
    const ledger = openLedger(session, run);
    const draft = ledger.draft('scratch', 1);
    const volume = cloud.seed.addVolume();
    await ledger.bind(draft, 'volume', volume.id);
    cloud.faults.add({ when: { method: 'PUT', times: Number.POSITIVE_INFINITY }, do: { status: 403 } });
    const until = clock.now() + 24 * BEAT_MS;
    expect(await ledger.keepUntil(until)).toBe(draft.expires);
    cloud.faults.clear();
    await ledger.close();
  });

  test('that may not write the id warns of it by name and goes on, and writes it with the next beat', async () => {
    const { clock, beat } = beatingClock();
    const warned: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void warned.push(text) };
    await using opened = await openEmbedded({}, { clock, log });
    const { cloud, session } = opened;
    const ledger = openLedger(session, run);
    const volume = cloud.seed.addVolume({ description: 'unbound' });
    cloud.faults.add({ when: { method: 'PUT', path: '/volumes/', times: 2 }, do: { status: 403 } });
    const draft = ledger.draft('scratch', 1);
    await ledger.bind(draft, 'volume', volume.id);
    expect(volume.description).toBe('unbound');
    const until = toMinute(draft.expires);
    expect(warned).toEqual([
      expect.stringMatching(
        `^cannot write the record of volume ${volume.id}: .* HTTP 403.* ${until}.*docs/permissions.md`,
      ),
    ]);
    // Told once, and tried again.
    await beat();
    expect([volume.description, warned.length]).toEqual(['unbound', 1]);
    await beat();
    expect(parseTemporary(volume.description ?? '')).toMatchObject({ id: volume.id, tag: draft.tag });
    await ledger.close();
  });

  test('tries again soon, and warns of nothing, where the thing is busy', async () => {
    const { clock } = beatingClock();
    const warned: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void warned.push(text) };
    await using opened = await openEmbedded({}, { clock, log });
    const { cloud, session } = opened;
    const ledger = openLedger(session, run);
    const volume = cloud.seed.addVolume({ description: 'unbound' });
    cloud.faults.add({ when: { method: 'PUT', path: '/volumes/', times: 3 }, do: { status: 409 } });
    const draft = ledger.draft('result', 1);
    await ledger.bind(draft, 'volume', volume.id);
    for (let tries = 0; volume.description === 'unbound' && tries < 100; tries += 1) await sleep(20);
    expect(parseTemporary(volume.description ?? '')).toMatchObject({ id: volume.id, tag: draft.tag });
    expect(warned).toEqual([]);
    await ledger.close();
  });

  test('warns of a record that is not renewed any more', async () => {
    const { clock, beat } = beatingClock();
    const warned: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void warned.push(text) };
    await using opened = await openEmbedded({}, { clock, log });
    const ledger = openLedger(opened.session, run);
    const backup = opened.cloud.seed.addVolume();
    const draft = ledger.draft('scratch', 1);
    await ledger.bind(draft, 'volume', backup.id);
    opened.cloud.faults.add({ when: { method: 'PUT', path: '/volumes/', times: 9 }, do: { status: 403 } });
    await beat();
    await beat();
    const until = toMinute(draft.expires);
    expect(warned).toEqual([
      expect.stringMatching(`^cannot write the record of volume ${backup.id}: .* ${until}`),
    ]);
    await ledger.close();
  });

  test('that may not write the id of a secret gives it up', async () => {
    await using opened = await openEmbedded();
    const { cloud, session } = opened;
    const ledger = openLedger(session, run);
    const secret = cloud.seed.addSecret(Buffer.alloc(32));
    cloud.faults.add({ when: { method: 'PUT', path: '/metadata', times: 10 }, do: { status: 403 } });
    // Which has no record at all before.
    const binding = ledger.bind(ledger.draft('result', 0), 'secret', secret.id);
    await expect(binding).rejects.toMatchObject({ status: 403 });
    await ledger.close();
  });
});

describe('a sweep', () => {
  const dead = 'github:o/r:1:1';
  const living = 'github:o/r:2:1';
  const liveness = async (owner: Owner): Promise<Liveness> =>
    owner.kind === 'github' && owner.run === '1' ? 'ended' : 'alive';

  async function open() {
    const opened = await openEmbedded();
    const { cloud, session } = opened;
    const left = (owner: string) => {
      const volume = cloud.seed.addVolume({ status: 'error' });
      volume.description = record({ purpose: 'result', id: volume.id, owner });
      return volume;
    };
    const said: string[] = [];
    const log = { ...session.log, info: (text: string) => void said.push(text) };
    const there = () => [...cloud.state.volumes.keys()];
    return {
      cloud,
      session,
      left,
      log,
      said,
      there,
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
  }

  test('takes with one dead run nothing of the living ones', async () => {
    await using on = await open();
    const [gone, stays] = [on.left(dead), on.left(living)];
    await sweep(on.session, { log: on.log, liveness }, false);
    await on.cloud.ticks.settle();
    expect(on.there()).toEqual([stays.id]);
    expect(on.said).toEqual([
      expect.stringContaining(`${gone.id}, error), left by an interrupted run, was removed`),
    ]);
  });

  test('lists again: what its run finished meanwhile, and what is whole by now, stays', async () => {
    await using on = await open();
    const [settled, whole, gone] = [on.left(dead), on.left(dead), on.left(dead)];
    const listed = await holdingsOf(on.session);
    settled.description = 'mine';
    whole.status = 'available';
    await sweep(on.session, { log: on.log, liveness }, false, listed);
    await on.cloud.ticks.settle();
    expect(on.there().sort()).toEqual([settled.id, whole.id].sort());
    expect(on.said).toEqual([expect.stringContaining(gone.id)]);
  });

  test('takes up what was available in both its lists, and hands over the list that it is of', async () => {
    await using on = await open();
    const client = await on.session.service('block-storage');
    const leave = async (status: string) => {
      const volumeId = on.cloud.seed.addVolume({}).id;
      const made = new Date(on.session.clock.now()).toISOString();
      const metadata = writeTags(tags({ state: 'started', handedOver: true, made, owner: living }));
      const id = await createBackup(client, {
        volumeId,
        name: 'db',
        description: '',
        incremental: false,
        force: false,
        metadata,
      });
      await on.cloud.ticks.settle();
      const backup = on.cloud.state.backups.get(id);
      if (backup === undefined) throw new Error('no backup was made');
      backup.status = status;
      return backup;
    };
    const [whole, young] = [await leave('available'), await leave('creating')];
    const listed = await holdingsOf(on.session);
    young.status = 'available';
    const { left, holdings } = await sweep(on.session, { log: on.log, liveness }, false, listed);
    expect(left.map((one) => [one.action, 'backup' in one && one.backup.id])).toEqual([['adopt', whole.id]]);
    expect(holdings.backups.find(({ id }) => id === young.id)?.status).toBe('available');
    const next = await sweep(on.session, { log: on.log, liveness }, false, holdings);
    expect(next.left).toHaveLength(2);
  });

  test('looks at each thing once more right before it goes, and asks for its owner once more', async () => {
    await using on = await open();
    const [settled, renewed] = [on.left(dead), on.left('host:m:b:n:2:2')];
    let asked = 0;
    const changing = async (owner: Owner): Promise<Liveness> => {
      asked += 1;
      // After both listings were judged.
      if (asked === 4) {
        settled.description = 'mine';
        renewed.description = record({ id: renewed.id, owner: 'host:m:b:n:2:2', expires: Date.now() + 1e7 });
      }
      return owner.kind === 'github' && owner.run === '1' ? 'ended' : 'unknown';
    };
    await sweep(on.session, { log: on.log, liveness: changing }, false);
    await on.cloud.ticks.settle();
    expect(on.there().sort()).toEqual([settled.id, renewed.id].sort());
    expect(asked).toBeGreaterThan(4);
  });

  test('removes nothing in a dry run', async () => {
    await using on = await open();
    const { id } = on.left(dead);
    await sweep(on.session, { log: on.log, liveness }, true);
    expect(on.there()).toEqual([id]);
    expect(on.said).toEqual([
      expect.stringContaining(`${id}, error) was left by an interrupted run, and would be removed`),
    ]);
  });
});
