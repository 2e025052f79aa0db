import { firstPlan } from '../../src/planfile/first.ts';
import { readPlan } from '../../src/planfile/read.ts';
import type { Resource } from '../../src/planfile/resource.ts';
import { simulate } from '../../src/prune/simulate.ts';
import type { Policy } from '../../src/retention/policy.ts';

/** The sums of docs/retention-and-quota.md, by what `prune --simulate` and `plan init` themselves calculate. */

const START = Date.parse('2026-01-01T00:00:00Z');
const DAY_MS = 86_400_000;
const DAYS = 400;
/** How chains lie to the weeks depends on the day on which it begins. */
const BEGINNINGS = 7;
const VOLUMES = [1, 5, 40];
const GIB = 50;

const POLICIES: readonly Policy[] = [
  { daily: 7 },
  { daily: 14 },
  { daily: 7, weekly: 4 },
  { daily: 14, weekly: 8 },
  { daily: 14, weekly: 8, monthly: 12 },
];
const CHAINS = [1, 3, 7];

/** What stays of one volume, and what the quota must hold for several. */
export function heldTable(): string[][] {
  return [
    ['keep', '`max-chain`', 'at most of a volume', ...VOLUMES.map((count) => `${told(count)} of ${GIB} GiB`)],
    ...POLICIES.flatMap((policy) =>
      CHAINS.map((maxChain) => {
        const terms = { policy, zone: 'UTC', minCopies: 2 };
        const begin = Array.from({ length: BEGINNINGS }, (_, day) => START + day * DAY_MS);
        const peak = Math.max(...begin.map((start) => simulate(terms, DAYS, maxChain, start).peak));
        const needs = VOLUMES.map((count) => `${count * peak} backups, ${count * peak * GIB} GB`);
        return [words(policy), String(maxChain), String(peak), ...needs];
      }),
    ),
  ];
}

/** What `plan init` makes of a quota. */
export async function firstTable(): Promise<string[][]> {
  const quotas = [
    [10, 1000],
    [100, 5000],
    [1000, 50_000],
  ] as const;
  const rows: string[][] = [];
  for (const count of VOLUMES)
    for (const [backups, gigabytes] of quotas) {
      const text = firstPlan({
        cloud: undefined,
        project: { id: '0'.repeat(32), name: 'p' },
        region: 'r',
        inRepository: true,
        resources: Array.from({ length: count }, (_, at) => volume(String(at))),
        quota: { backups: { max: backups, used: 0 }, backup_gigabytes: { max: gigabytes, used: 0 } },
        foreign: { backups: 0, gigabytes: 0 },
        now: START,
      });
      const { plan, problems } = await readPlan(text);
      const [entry] = plan?.entries ?? [];
      if (entry?.keep === undefined) throw new Error(`plan init writes no plan: ${JSON.stringify(problems)}`);
      const isTooLittle = text.includes('THAT IS TOO LITTLE');
      rows.push([
        told(count),
        `${backups} backups, ${gigabytes} GB`,
        isTooLittle ? 'too small for a second backup of each' : words(entry.keep.policy),
        isTooLittle ? '' : String(entry.maxChain),
      ]);
    }
  return [['volumes', 'quota', 'keep', '`max-chain`'], ...rows];
}

function told(count: number): string {
  return count === 1 ? '1 volume' : `${count} volumes`;
}

function words(policy: Policy): string {
  return Object.entries(policy)
    .filter(([, count]) => count !== undefined && count !== 0)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
}

function volume(id: string): Resource {
  return {
    kind: 'volume',
    id,
    name: `v${id}`,
    metadata: {},
    bytes: GIB * 2 ** 30,
    encrypted: false,
    keyId: undefined,
    volumes: [],
  };
}
