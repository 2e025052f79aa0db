import { expect, test } from '@jest/globals';
import { firstPlan, type ProjectFacts } from '../../../src/planfile/first.ts';
import { readPlan } from '../../../src/planfile/read.ts';
import type { Resource } from '../../../src/planfile/resource.ts';
import { warningsOf } from '../../../src/planfile/warnings.ts';

const NOW = Date.parse('2026-11-26T06:00:00Z');
const GIB = 2 ** 30;

const resources = (count: number, kind: Resource['kind'] = 'volume', encrypted = false): Resource[] =>
  Array.from({ length: count }, (_, index) => ({
    kind,
    id: `${kind}-${index}`,
    name: `n${index}`,
    metadata: {},
    bytes: 10 * GIB,
    encrypted,
    keyId: undefined,
    volumes: [],
  }));

const facts = (more: Partial<ProjectFacts> = {}): ProjectFacts => ({
  cloud: 'production',
  project: { id: '5bde59c76c73cc5e04335342476fc095', name: 'shop' },
  region: 'RegionOne',
  inRepository: true,
  resources: resources(3),
  quota: {},
  foreign: { backups: 0, gigabytes: 0 },
  now: NOW,
  ...more,
});

async function made(more: Partial<ProjectFacts>) {
  const text = firstPlan(facts(more));
  const { plan, problems } = await readPlan(text);
  expect(problems).toEqual([]);
  if (plan === undefined) throw new Error('no plan');
  const [entry] = plan.entries;
  return {
    text,
    plan,
    policy: plan.keep?.policy,
    maxChain: entry?.maxChain,
    warnings: warningsOf(plan, NOW, undefined),
  };
}

const limit = (max: number) => ({ used: 0, max });

test.each<[string, Partial<ProjectFacts>, object, number]>([
  ['no quota', {}, { daily: 14, weekly: 8, monthly: 12 }, 7],
  [
    'an unlimited one',
    { quota: { backups: limit(-1), backup_gigabytes: limit(-1) } },
    { daily: 14, weekly: 8, monthly: 12 },
    7,
  ],
  [
    "Cinder's own for one volume",
    { quota: { backups: limit(10), backup_gigabytes: limit(1000) }, resources: resources(1) },
    { daily: 7 },
    3,
  ],
  [
    "Cinder's own for three",
    { quota: { backups: limit(10), backup_gigabytes: limit(1000) } },
    { last: 2 },
    1,
  ],
  [
    'backups of others in it',
    { quota: { backups: limit(10) }, resources: resources(1), foreign: { backups: 4, gigabytes: 0 } },
    { daily: 3 },
    3,
  ],
  [
    'too few gigabytes',
    { quota: { backups: limit(1000), backup_gigabytes: limit(150) }, resources: resources(1) },
    { daily: 7 },
    7,
  ],
])('with %s', async (_, more, policy, maxChain) => {
  const { plan, ...rest } = await made(more);
  expect([rest.policy, rest.maxChain, rest.warnings]).toEqual([policy, maxChain, []]);
  expect(plan).toMatchObject({
    cloud: 'production',
    project: '5bde59c76c73cc5e04335342476fc095',
    region: 'RegionOne',
    publish: ['release'],
    entries: [{ kinds: ['server', 'volume'], every: '1d', maxAge: '36h' }],
  });
});

test('where nothing fits, that is said in capitals', async () => {
  const { text, policy } = await made({ quota: { backups: limit(10) }, resources: resources(40) });
  expect(policy).toEqual({ last: 2 });
  expect(text).toContain('# THAT IS TOO LITTLE for a second backup of each.');
  expect((await made({})).text).not.toContain('TOO LITTLE');
});

test('what is left out is told', async () => {
  const { text } = await made({
    resources: [...resources(2, 'volume', true), ...resources(1, 'image'), ...resources(3, 'secret')],
  });
  expect(text).toContain('# 1 image and 3 keys are excluded below');
  const exclusions = (await readPlan(text)).plan?.exclusions;
  expect(exclusions).toEqual([
    expect.objectContaining({ kinds: ['image', 'secret'], reason: 'no store is given yet' }),
  ]);
  expect(text).toContain('# 2 volumes are encrypted: without recipients and store');
  expect((await made({})).text).not.toMatch(/excluded below|encrypted/);
});

test.each<[string, Partial<ProjectFacts>]>([
  ['of a hostile project', { project: { id: '12345678901234567890123456789012', name: 'a\nkeep: {}\n# ' } }],
  ['of a hostile region', { region: 'a: b # {"\n' }],
  ['of a hostile cloud', { cloud: '*x' }],
  ['of no cloud', { cloud: undefined, resources: [] }],
])('a plan %s is one', async (_, more) => {
  const { plan } = await made(more);
  expect([plan.project, plan.region, plan.cloud]).toEqual([
    more.project?.id ?? facts().project.id,
    more.region ?? 'RegionOne',
    'cloud' in more ? more.cloud : 'production',
  ]);
});
