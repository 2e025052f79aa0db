import type { Limit } from '../openstack/quota-names.ts';
import { quoted } from '../text/escape.ts';
import { counted } from '../text/words.ts';
import type { Keep } from './plan-file.ts';
import type { Resource } from './resource.ts';
import { heldInTheLongRun } from './steady.ts';

/** The facts that a first plan is made from. */
export interface ProjectFacts {
  /** Undefined if the variables of an openrc file are used. */
  readonly cloud: string | undefined;
  readonly project: { readonly id: string; readonly name: string };
  readonly region: string;
  /** Whether the plan will lie in a repository, so that a workflow can publish releases. */
  readonly inRepository: boolean;
  readonly resources: readonly Resource[];
  /** The project's quota, as far as the cloud tells. */
  readonly quota: { readonly backups?: Limit | undefined; readonly backup_gigabytes?: Limit | undefined };
  /** Backups that are not ours and stay: how many, and GiB. */
  readonly foreign: { readonly backups: number; readonly gigabytes: number };
  /** Milliseconds. */
  readonly now: number;
}

const GIB = 2 ** 30;
const EVERY = '1d';

/** From what people want down to the least that is useful. */
const POLICIES: readonly Keep['policy'][] = [
  { daily: 14, weekly: 8, monthly: 12 },
  { daily: 14, weekly: 8, monthly: 6 },
  { daily: 7, weekly: 4, monthly: 6 },
  { daily: 7, weekly: 4 },
  { daily: 14 },
  { daily: 7 },
  { daily: 3 },
  { last: 2 },
];
/** Short chains come last: each full backup moves all of the data. */
const CHAINS = [
  [7, 5, 3],
  [2, 1],
] as const;

interface Choice {
  readonly keep: Keep;
  readonly maxChain: number;
  /** The most backups of a volume that stay. */
  readonly held: number;
}

/** Writes a plan that a person would keep, with comments: all that needs no further place, within the quota. */
export function firstPlan(facts: ProjectFacts): string {
  const { cloud, project, region, resources } = facts;
  const volumes = resources.filter(({ kind }) => kind === 'volume');
  const { choice, doesNotFit } = chooseKeep(facts, volumes);
  const [images, keys] = (['image', 'secret'] as const).map(
    (wanted) => resources.filter(({ kind }) => kind === wanted).length,
  );
  const encrypted = volumes.filter(({ encrypted: is }) => is).length;
  return `${[
    `# What openstack-backup backs up in project ${quoted(project.name)}. docs/plan.md describes this file.`,
    '# openstack-backup plan check   says what is wrong with it, and what it means',
    '# openstack-backup plan show    says what is due now',
    'version: 1',
    ...(cloud === undefined ? [] : [`cloud: ${scalar(cloud)}`]),
    `project: ${scalar(project.id)} # no other project is touched`,
    `region: ${scalar(region)}`,
    'timezone: UTC # for daily, weekly and so on: Europe/Berlin',
    facts.inRepository
      ? 'publish: [release] # where manifests go: artifacts expire after 90 days'
      : 'publish: ["directory:openstack-backups"] # where manifests go: a directory that outlives this machine',
    ...optionalPlaces(images ?? 0, keys ?? 0, encrypted),
    '',
    ...keepLines(facts, volumes, choice, doesNotFit),
    '',
    'back-up: # a resource belongs to the first entry that matches it',
    '  - name: everything',
    '    select: all # or: metadata:backup=daily, name:db-*, a name, an id, a list of these',
    '    kinds: [server, volume] # a server with all its disks; volumes that are not attached',
    `    every: ${EVERY} # due when the newest good point is older than this`,
    '    max-age: 36h # the report fails if the newest point is older',
    `    max-chain: ${choice.maxChain} # the full backup and its increments: a restore needs them all`,
    '',
    ...excludeLines(images ?? 0, keys ?? 0),
  ].join('\n')}\n`;
}

/** Excludes what there is no place for, with a reason: nobody reads a report that is always red. */
function excludeLines(images: number, keys: number): string[] {
  const kinds = [...(images > 0 ? ['image'] : []), ...(keys > 0 ? ['secret'] : [])];
  return [
    ...(kinds.length === 0
      ? ['# exclude:']
      : [
          'exclude:',
          '  - select: all',
          `    kinds: [${kinds.join(', ')}]`,
          '    reason: no store is given yet',
        ]),
    '#   - select: name:scratch-*',
    '#     reason: rebuilt by CI',
    '#     until: 2027-06-30',
  ];
}

function optionalPlaces(images: number, keys: number, encrypted: number): string[] {
  const lines = [
    '# Two people whose age identities open what is sealed. A public repository needs them.',
    '# recipients: [age1…, age1…]',
  ];
  if (images + keys > 0)
    lines.push(
      `# ${counted(images, 'image')} and ${counted(keys, 'key')} are excluded below: they can be saved only outside the cloud. Give a`,
      '# store that lasts, add image and secret to kinds, and remove the exclusion.',
      '# store: directory:/mnt/backups',
    );
  if (encrypted > 0)
    lines.push(
      `# ${counted(encrypted, 'volume is', 'volumes are')} encrypted: without recipients and store, their keys stay only in the cloud.`,
    );
  return lines;
}

function keepLines(
  { quota }: ProjectFacts,
  volumes: readonly Resource[],
  { keep, held }: Choice,
  doesNotFit: boolean,
): string[] {
  const { backups, backup_gigabytes: gigabytes } = quota;
  const limits = [
    ...(backups === undefined || backups.max < 0 ? [] : [counted(backups.max, 'backup')]),
    ...(gigabytes === undefined || gigabytes.max < 0 ? [] : [`${gigabytes.max} GB of backups`]),
  ];
  const size = Math.round(volumes.reduce((sum, { bytes }) => sum + bytes, 0) / GIB);
  return [
    `# ${counted(volumes.length, 'volume')} of ${size} GiB; up to ${held} backups of each stay, since chains stay complete.`,
    `# Quota: ${limits.join(', ') || 'the cloud shows no limit'}.`,
    ...(doesNotFit
      ? [
          '# THAT IS TOO LITTLE for a second backup of each. Ask the operator for more, or back up less: a run saves what fits,',
          '# first what was saved longest ago, and the rest fails.',
        ]
      : []),
    'keep: # a point stays if any of these rules keeps it',
    ...Object.entries(keep.policy).map(([name, count]) => `  ${name}: ${count}`),
    `  min-copies: ${keep.minCopies}`,
  ];
}

/** The richest policy that fits the quota in the long run, with one more backup each while the next is made. */
function chooseKeep(
  { quota, foreign, now }: ProjectFacts,
  volumes: readonly Resource[],
): { choice: Choice; doesNotFit: boolean } {
  const gigabytes = volumes.reduce((sum, { bytes }) => sum + bytes / GIB, 0);
  const fits = ({ held }: Choice) =>
    within(quota.backups, volumes.length * (held + 1) + foreign.backups) &&
    within(quota.backup_gigabytes, gigabytes * (held + 1) + foreign.gigabytes);
  let least: Choice | undefined;
  for (const chains of CHAINS)
    for (const policy of POLICIES)
      for (const maxChain of chains) {
        const keep = { policy, minCopies: 2, gone: undefined };
        least = { keep, maxChain, held: heldInTheLongRun(keep, EVERY, maxChain, 'UTC', now).most };
        if (fits(least)) return { choice: least, doesNotFit: false };
      }
  if (least === undefined) throw new TypeError('there is no policy');
  return { choice: least, doesNotFit: true };
}

function within(limit: Limit | undefined, need: number): boolean {
  return limit === undefined || limit.max < 0 || need <= limit.max;
}

/** Quotes a name if it is more than a word. A JSON string is valid YAML. */
function scalar(text: string): string {
  return /^[A-Za-z0-9][\w.-]*$/.test(text) ? text : JSON.stringify(text);
}
