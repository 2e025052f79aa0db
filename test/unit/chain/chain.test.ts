import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type ChainDecision, decideChain, type Mode } from '../../../src/chain/chain.ts';
import { readTags, type Tags, writeTags } from '../../../src/chain/tags.ts';
import type { Backup } from '../../../src/openstack/blockstorage/v3/backups.ts';
import { MOST_TAGS } from '../../../src/text/tag.ts';
import { backup, chainOf, LONGEST_OWNER, tags } from '../../support/records.ts';

/**
 * What a volume has, in words, a day apart, oldest first. `ours` is one of ours on the one of ours before it; the first is
 * the full one.
 */
type Word =
  | 'ours'
  /** As ours, and deleted by hand. */
  | 'gone'
  /** As ours, and in error now. */
  | 'broken'
  /** As ours, with the tags of another chain. */
  | 'stray'
  /** As ours, with tags that leave the one before it out. */
  | 'leap'
  /** As ours, with the one behind it as its parent. */
  | 'circle'
  /** As ours, and an increment that Cinder was asked to make as a full one. */
  | 'headless'
  /** A foreign one with a copy of the tags of the first of ours. */
  | 'copy'
  | 'foreign'
  /** A foreign one in error. */
  | 'failed';

const MEDDLED: Partial<Record<Word, (at: number, chain: readonly Backup[]) => Partial<Backup>>> = {
  broken: () => ({ status: 'error' }),
  stray: (at) => ({ metadata: writeTags(tags({ position: at })) }),
  leap: (at, chain) => retagged(chain[at], { parent: chain[at - 2]?.id }),
  circle: (at, chain) => retagged(chain[at], { parent: chain[at + 1]?.id }),
  headless: () => ({ incremental: true }),
};

function retagged(one: Backup | undefined, fields: Partial<Tags>): Partial<Backup> {
  const own = one && readTags(one);
  if (own === undefined) throw new Error('it has no tags');
  return { metadata: writeTags({ ...own, ...fields }) };
}

function volumeWith(text: string): { all: Backup[]; there: Backup[] } {
  const words = text.split(' ').filter((word) => word !== '') as Word[];
  const isForeign = (word: Word) => ['foreign', 'failed', 'copy'].includes(word);
  const chain = chainOf(words.filter((word) => !isForeign(word)).length);
  let next = 0;
  const all = words.map((word, day) => {
    const dataTimestamp = `2026-11-${String(day + 1).padStart(2, '0')}T00:00:00.000Z`;
    const metadata = word === 'copy' ? chain[0]?.metadata : undefined;
    if (isForeign(word))
      return backup({
        dataTimestamp,
        status: word === 'failed' ? 'error' : 'available',
        ...(metadata && { metadata }),
      });
    const at = next++;
    return { ...(chain[at] as Backup), ...MEDDLED[word]?.(at, chain), dataTimestamp };
  });
  return { all, there: all.filter((_, at) => words[at] !== 'gone') };
}

/** `#2` is the second of what the volume has. */
function told(decision: ChainDecision, all: readonly Backup[]): readonly [what: string, why: string] {
  const number = (text: string) =>
    all.reduce((words, { id }, at) => words.replaceAll(id, `#${at + 1}`), text);
  const what = decision.mode === 'incremental' ? `on ${decision.parent}` : decision.mode;
  return [number(what), number(decision.reason)];
}

describe('full or increment', () => {
  type Row = [has: string, asked: Mode, gib: number, max: number, made: string, why: string];
  const table: Row[] = [
    // the volume has             asked  GiB max  made       why
    ['', 'auto', 1, 7, 'full', 'the volume has no backup yet'],
    ['ours', 'full', 1, 7, 'full', 'a full backup was requested'],
    ['', 'incremental', 1, 7, 'impossible', 'the volume has no backup yet'],
    ['ours ours', 'auto', 1, 3, 'on #2', 'the chain since the full backup has 2 of at most 3 backups'],
    ['ours ours ours', 'auto', 1, 7, 'on #3', 'the chain since the full backup has 3 of at most 7 backups'],
    ['ours ours ours', 'auto', 1, 3, 'full', 'the chain has 3 backups, and max-chain is 3'],
    ['ours ours ours', 'incremental', 1, 3, 'impossible', 'the chain has 3 backups, and max-chain is 3'],
    ['ours', 'auto', 1, 1, 'full', 'the chain has 1 backup, and max-chain is 1'],
    ['ours', 'auto', 2, 7, 'full', 'the volume has grown from 1 to 2 GiB since its last backup'],
    [
      'ours ours foreign',
      'auto',
      1,
      7,
      'full',
      'the newest backup, #3, was not made by openstack-backup, and Cinder would use it as the parent',
    ],
    [
      'foreign ours ours',
      'auto',
      1,
      7,
      'on #3',
      'the chain since the full backup has 2 of at most 7 backups',
    ],
    [
      'ours copy',
      'auto',
      1,
      7,
      'full',
      'the newest backup, #2, shares its tags with backup #1, and one of them is a copy',
    ],
    // Cinder passes over it, too.
    ['ours ours failed', 'auto', 1, 7, 'on #2', 'the chain since the full backup has 2 of at most 7 backups'],
    ['ours gone ours', 'auto', 1, 7, 'full', 'backup #2, which #3 needs, is gone'],
    ['ours broken ours', 'auto', 1, 7, 'full', 'backup #2, which #3 needs, is error'],
    ['stray ours', 'auto', 1, 7, 'full', 'the tags of backup #1 do not fit its chain'],
    ['ours ours leap', 'auto', 1, 7, 'full', 'the tags of backup #1 do not fit its chain'],
    ['circle ours', 'auto', 1, 7, 'full', 'the tags of backup #2 do not fit its chain'],
    ['headless ours', 'auto', 1, 7, 'full', 'backup #1 is the first of its chain, but not a full backup'],
  ];

  test.each(table)('[%s], %s of %d GiB, at most %d: %s, since %s', (has, asked, gib, max, made, why) => {
    const { all, there } = volumeWith(has);
    const decision = decideChain(asked, there, gib, max);
    expect(told(decision, all)).toEqual([made, why]);
    // In whatever order Cinder lists them.
    expect(decideChain(asked, [...there].reverse(), gib, max)).toEqual(decision);
    if (decision.mode !== 'incremental') return;
    const parent = there.find(({ id }) => id === decision.parent);
    const { chain, position } = readTags(parent as Backup) ?? {};
    expect([decision.chain, decision.position - 1]).toEqual([chain, position]);
  });

  test('an increment of a snapshot goes on the newest backup of before, as Cinder lets it', () => {
    const chain = chainOf(3);
    const at = (moment: string) => decideChain('auto', chain, 1, 7, moment);
    expect(at('2026-11-02T00:00:01.000Z')).toMatchObject({
      mode: 'incremental',
      position: 2,
      parent: chain[1]?.id,
    });
    // Not of the same second: Cinder keeps no finer time.
    expect(at('2026-11-02T00:00:00.000Z')).toMatchObject({ position: 1, parent: chain[0]?.id });
    expect(at('2026-10-01T00:00:00.000Z')).toMatchObject({
      mode: 'full',
      reason: 'the volume has no backup yet',
    });
  });
});

/** As many and as long as they may be. */
const MANY = Array.from({ length: MOST_TAGS }, (_, at) => `${at}`.padStart(64, 't'));

describe('tags', () => {
  test('of the restore point that a manifest would not take are left out', () => {
    const written = writeTags(tags({ pointTags: ['one', 'two words', 'one', '', 'x'.repeat(65), 'last'] }));
    expect(readTags({ id: randomUUID(), metadata: written })?.pointTags).toEqual(['one', 'last']);
  });

  test('are read back as they were written', () => {
    const written = tags({
      parent: '33333333-3333-4333-8333-333333333333',
      position: 2,
      encrypted: true,
      bootable: true,
      volumeTypeId: 'x',
      pointTags: ['pre-deploy', 'v1.2_3'],
    });
    const id = randomUUID();
    expect(readTags({ id, metadata: writeTags(written) })).toEqual(written);
    expect(readTags({ id, metadata: writeTags({ ...written, backup: id }) })).toEqual({
      ...written,
      backup: id,
    });
    expect(readTags({ id: randomUUID(), metadata: writeTags({ ...written, backup: id }) })).toBeUndefined();
  });

  test('obey the limits of Cinder', () => {
    const pairs = Object.entries(
      writeTags(tags({ owner: LONGEST_OWNER, backup: randomUUID(), pointTags: MANY })),
    );
    for (const [key, value] of pairs) {
      expect(key).toMatch(/^[a-zA-Z0-9-_:. /]{1,255}$/);
      expect(value.length).toBeLessThanOrEqual(255);
    }
    expect(pairs.length).toBeGreaterThan(8);
  });

  test.each(['run', 'point', 'chain'])('with a %s that is no UUID are not ours', (key) => {
    const metadata = { ...writeTags(tags()), [`openstack-backup:${key}`]: '../x' };
    expect(readTags({ id: randomUUID(), metadata })).toBeUndefined();
  });
});
