import { describe, expect, test } from '@jest/globals';
import { assign } from '../../../src/planfile/assign.ts';
import { dutiesOf, isStale } from '../../../src/planfile/due.ts';
import type { PlanFile } from '../../../src/planfile/plan-file.ts';
import { readPlan } from '../../../src/planfile/read.ts';
import type { Resource } from '../../../src/planfile/resource.ts';
import { isOf, type Piece, type SavedPoint } from '../../../src/planfile/saved.ts';

const NOW = Date.parse('2026-11-26T02:00:00Z');
const HOUR = 3_600_000;

const resource = (kind: Resource['kind'], name: string, more: Partial<Resource> = {}): Resource => ({
  kind,
  id: `${kind[0]}-${name}`,
  name,
  metadata: {},
  bytes: 0,
  encrypted: false,
  keyId: undefined,
  volumes: [],
  ...more,
});
const db = resource('volume', 'db', { metadata: { backup: 'db' } });
const root = resource('volume', 'root');
const scratch = resource('volume', 'scratch-1');
const loose = resource('volume', 'loose');
const shop = resource('server', 'shop', { volumes: ['v-root', 'v-db'] });
const golden = resource('image', 'golden');
const all = [db, root, scratch, loose, shop, golden];

async function planOf(entries: string, more = ''): Promise<PlanFile> {
  const { plan, problems } = await readPlan(`version: 1\nproject: p\nback-up:\n${entries}${more}`);
  expect(problems).toEqual([]);
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

const DATABASES = '  - {name: databases, select: "metadata:backup=db", kinds: [volume], every: 6h}\n';
const OFF_SITE =
  '  - {name: off-site, select: "metadata:backup=db", kinds: [volume], also: true, method: image, every: 7d}\n';
const REST = '  - {name: rest, select: all, kinds: [server, volume], every: 1d}\n';

/** "volume db: databases, off-site". */
function told(plan: PlanFile, resources: readonly Resource[] = all, now = NOW): string[] {
  return assign(plan, resources, now).assignments.map(
    ({ resource: { kind, name }, entries, exclusion, within }) => {
      const takers = entries.map((entry) => {
        const server = within.get(entry.name);
        return server === undefined ? entry.name : `${entry.name} (with ${server.name})`;
      });
      return `${kind} ${name}: ${exclusion === undefined ? takers.join(', ') || 'nobody' : `not, ${exclusion.reason}`}`;
    },
  );
}

describe('who takes what', () => {
  test('the first that matches, and those that say also', async () => {
    expect(told(await planOf(DATABASES + OFF_SITE + REST))).toEqual([
      'volume db: databases, off-site',
      'volume root: rest (with shop)',
      'volume scratch-1: rest',
      'volume loose: rest',
      'server shop: rest',
      'image golden: nobody',
    ]);
  });

  test('the order decides, and also does not count as first', async () => {
    expect(
      told(
        await planOf(
          OFF_SITE +
            REST +
            DATABASES.replace('name: databases', 'name: later').replace(
              'kinds: [volume]',
              'also: true, kinds: [volume]',
            ),
        ),
      )[0],
    ).toBe('volume db: off-site, rest (with shop), later');
  });

  test('what is excluded, as long as that holds', async () => {
    const plan = await planOf(
      REST,
      'exclude: [{select: "name:scratch-*", reason: rebuilt by CI, until: 2026-11-26}]\n',
    );
    expect(told(plan)[2]).toBe('volume scratch-1: not, rebuilt by CI');
    expect(told(plan, all, NOW + 24 * HOUR)[2]).toBe('volume scratch-1: rest');
  });

  test('an exclusion by a name that two have excludes neither, and says so', async () => {
    const twins = [loose, { ...loose, id: 'v-other' }];
    const plan = await planOf(REST, 'exclude: [{select: loose, reason: old}]\n');
    expect(told(plan, twins)).toEqual(['volume loose: rest', 'volume loose: rest']);
    expect(assign(plan, twins, NOW).doubts).toEqual([
      expect.stringMatching(/matches several volumes, so volume v-loose is not excluded/),
      expect.stringMatching(/matches several volumes, so volume v-other is not excluded/),
    ]);
    expect(told(await planOf(REST, 'exclude: [{select: v-other, reason: old}]\n'), twins)).toEqual([
      'volume loose: rest',
      'volume loose: not, old',
    ]);
  });

  test('a selector that finds nothing is told', async () => {
    expect(assign(await planOf(DATABASES + REST), [loose], NOW).doubts).toEqual([
      '"databases": metadata:backup=db matches no volume of the project',
    ]);
  });
});

const backup: Piece = { of: 'volume', method: 'cinder-backup', left: false, mayStay: false };
const kept: Piece = { of: 'volume', method: 'image', left: false, mayStay: false };
const away: Piece = { ...kept, left: true };
const point = (hoursAgo: number, more: Partial<SavedPoint> = {}): SavedPoint => ({
  kind: 'volume',
  resource: 'v-db',
  time: NOW - hoursAgo * HOUR,
  good: true,
  pieces: [backup],
  ...more,
});

async function due(
  entries: string,
  points: readonly SavedPoint[],
  resources = [db],
  more = '',
): Promise<string[]> {
  const plan = await planOf(entries, more);
  const { assignments } = assign(plan, resources, NOW);
  const terms = { zone: plan.zone, hasStore: plan.store !== undefined, now: NOW };
  return dutiesOf(assignments, points, terms).map(
    (duty) =>
      `${duty.entry.name} ${duty.resource.name}: ${duty.due ? 'due' : 'not due'}, ${duty.reason}${isStale(duty, plan.zone, NOW) ? ', stale' : ''}${duty.within === undefined ? '' : `, with ${duty.within.name}`}`,
  );
}

describe('when something is due', () => {
  test.each([
    ['never saved', [], 'due, never saved, stale'],
    ['young', [point(5)], 'not due, 5 h old, every 6h'],
    ['a start a little earlier than the last', [point(5.5)], 'due, 5 h old, every 6h'],
    ['old', [point(7)], 'due, 7 h old, every 6h'],
    ['a night was dropped', [point(49)], 'due, 2 d 1 h old, every 6h, stale'],
    ['a double start', [point(0)], 'not due, 0 min old, every 6h'],
    ['what failed does not count', [point(1, { good: false }), point(7)], 'due, 7 h old, every 6h'],
    ['a clock was wrong', [point(-48), point(7)], 'due, 7 h old, every 6h'],
    ['of another resource', [point(1, { resource: 'v-other' })], 'due, never saved, stale'],
    ['of another kind', [point(1, { kind: 'server' })], 'due, never saved, stale'],
    ['in any order', [point(50), point(2), point(9)], 'not due, 2 h old, every 6h'],
  ])('%s', async (_, points, said) => {
    expect(await due(DATABASES, points)).toEqual([`databases db: ${said}`]);
  });

  test('each entry counts its own points', async () => {
    const both = DATABASES.replace('every: 6h', 'method: cinder-backup, every: 6h') + OFF_SITE;
    const store = 'store: directory:/mnt\n';
    expect(
      await due(both, [point(1), point(1, { pieces: [kept] }), point(200, { pieces: [away] })], [db], store),
    ).toEqual(['databases db: not due, 1 h old, every 6h', 'off-site db: due, 8 d 8 h old, every 7d']);
    expect(await due(both, [point(1, { pieces: [away] })], [db], store)).toEqual([
      'databases db: due, never saved, stale',
      'off-site db: not due, 1 h old, every 7d',
    ]);
  });

  test('a disk is saved with its server, unless that is not due', async () => {
    const rest = [root, shop];
    expect(await due(REST, [], rest)).toEqual([
      'rest root: due, never saved, stale, with shop',
      'rest shop: due, never saved, stale',
    ]);
    const saved = point(1, { kind: 'server', resource: 's-shop', pieces: [backup] });
    expect(await due(REST, [saved], rest)).toEqual([
      'rest root: due, never saved, stale',
      'rest shop: not due, 1 h old, every 1d',
    ]);
  });

  test('months are of the calendar', async () => {
    const monthly = DATABASES.replace('6h', '1m');
    expect(await due(monthly, [point(24 * 27)])).toEqual(['databases db: not due, 27 d 0 h old, every 1m']);
    expect(await due(monthly, [point(24 * 29)])).toEqual(['databases db: due, 29 d 0 h old, every 1m']);
  });
});

const large: Piece = { ...backup, mayStay: true };
test.each<[string, PlanFile['entries'][number]['method'], boolean, readonly Piece[], boolean]>([
  ['a backup is what was asked for', 'cinder-backup', true, [backup], true],
  ['an image is no backup', 'cinder-backup', true, [away], false],
  ['an image outside', 'image', true, [away], true],
  ['an image that stayed', 'image', true, [kept], false],
  ['an image that was to stay', 'image', false, [kept], true],
  ['a backup is no image', 'image', false, [backup], false],
  ['anything where nothing leaves', 'auto', false, [backup], true],
  ['a backup where data is to leave', 'auto', true, [backup], false],
  ['a backup that could be nothing else', 'auto', true, [large], true],
  ['a server of which one disk stayed', 'image', true, [away, kept], false],
  [
    'a server whose root is an image beside backups',
    'cinder-backup',
    false,
    [backup, { ...kept, of: 'image' }],
    true,
  ],
  ['an image in the cloud only', 'auto', true, [{ ...kept, of: 'image' }], false],
  ['a secret', 'auto', true, [], true],
])('%s: of %s, %s', (_, method, hasStore, pieces, expected) => {
  expect(isOf({ method }, { pieces }, hasStore)).toBe(expected);
});
