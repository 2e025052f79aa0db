import Type from 'typebox';

/**
 * The plan file, version 1. The parser, the types and `docs/plan-v1.schema.json` all come from this schema. It is
 * closed: an unknown key is an error, so that no typo leaves something out. `form` names a check of a text from
 * `src/planfile/forms.ts`.
 */
const closed = { additionalProperties: false } as const;

const text = (description: string, form?: string) =>
  Type.String({ description, minLength: 1, ...(form === undefined ? {} : { form }) });
const count = (description: string, minimum = 1, maximum = 10_000) =>
  Type.Integer({ description, minimum, maximum });
const oneOf = <const T extends readonly string[]>(words: T, description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...words], description });
const optional = Type.Optional;

const KINDS = ['server', 'volume', 'image', 'secret'] as const;
export const FAIL_ON = ['uncovered', 'stale', 'failing', 'unsaved-key', 'unproved'] as const;

const selectors = (description: string) =>
  Type.Union([text(description, 'selector'), Type.Array(text('One of them.', 'selector'), { minItems: 1 })], {
    description,
  });
const kinds = (description: string) =>
  Type.Array(oneOf(KINDS, 'A kind of resource.'), { description, minItems: 1, uniqueItems: true });

const Keep = Type.Object(
  {
    last: optional(count('The newest N points.')),
    hourly: optional(count('The newest point of each of the last N hours that have one.')),
    daily: optional(count('The newest point of each of the last N days that have one.')),
    weekly: optional(count('The same for ISO weeks, which begin on Monday.')),
    monthly: optional(count('The same for months.')),
    yearly: optional(count('The same for years.')),
    within: optional(
      text('Every point taken within this time before the newest: 14d, 1y5m7d2h.', 'duration'),
    ),
    'within-hourly': optional(text('The newest point of each hour within this time.', 'duration')),
    'within-daily': optional(text('The newest point of each day within this time.', 'duration')),
    'within-weekly': optional(text('The newest point of each week within this time.', 'duration')),
    'within-monthly': optional(text('The newest point of each month within this time.', 'duration')),
    'within-yearly': optional(text('The newest point of each year within this time.', 'duration')),
    tag: optional(
      Type.Union(
        [
          text('A tag, or several that a point must all have.', 'tags'),
          Type.Array(text('One of them.', 'tags'), { minItems: 1 }),
        ],
        {
          description:
            'Every point that has this tag, or all of several: "release,signed". With a list, all tags of one of its entries.',
        },
      ),
    ),
    'min-copies': optional(
      count('How many good points to keep, whatever the rules say. Default: 2.', 1, 1000),
    ),
    gone: optional(
      text(
        'How long to keep the points of a resource that is gone from the cloud, counted from its newest point; those that `tag` keeps stay. Default: forever.',
        'duration',
      ),
    ),
  },
  {
    ...closed,
    description:
      'What to keep, in the words and with the meaning of restic: each rule keeps what it says, whatever the others say. Without it, nothing is ever deleted.',
  },
);

const BackUp = Type.Object(
  {
    name: text('Its name in messages; each entry has its own.'),
    select: selectors('Ids, names, metadata:KEY=VALUE, name:PATTERN or all; one, or a list.'),
    kinds: optional(
      kinds(
        'Which kinds of resources. Default: servers and volumes; with `store` also images, and with `recipients` also secrets.',
      ),
    ),
    also: optional(
      Type.Boolean({ description: 'In addition to the entry that matches first, not instead of it.' }),
    ),
    method: optional(
      oneOf(
        ['auto', 'cinder-backup', 'image'],
        'How volumes and the disks of servers are saved. `auto`: an image if `store` is given, and a Cinder backup otherwise.',
      ),
    ),
    'max-chain': optional(count('The most backups in a chain, including the full one. Default: 7.', 1, 1000)),
    raw: optional(
      Type.Boolean({
        description:
          'Store the raw disks of images and of servers that boot from no volume, which the cloud converts, so that increments send only what changed. Needs `store`.',
      }),
    ),
    every: text(
      'Due when the newest good point is older than this, whatever the schedule of the workflow: 6h, 1d, 7d, 1m.',
      'duration',
    ),
    'max-age': optional(
      text(
        'If the newest good point is older than this, the report fails. Default: one and a half times `every`.',
        'duration',
      ),
    ),
    consistency: optional(
      oneOf(
        ['best', 'quiesced'],
        '`quiesced`: the file systems of the guest are frozen, or the backup fails. `best`: as consistent as possible.',
      ),
    ),
    keep: optional(Keep),
  },
  { ...closed, description: 'What is backed up, how and how often.' },
);

const Exclude = Type.Object(
  {
    select: selectors('Ids, names, metadata:KEY=VALUE or name:PATTERN; one, or a list.'),
    kinds: optional(kinds('Which kinds of resources. Default: all.')),
    reason: text('Why; reports show it.'),
    until: optional(text('The last day on which it applies: 2027-06-30.', 'date')),
  },
  { ...closed, description: 'What is not backed up, and why.' },
);

const Drill = Type.Object(
  {
    every: text('A drill is due when the last one is older than this: 1d, 30d.', 'duration'),
    pick: optional(oneOf(['random', 'latest'], 'Which restore point of a resource. Default: `random`.')),
    level: optional(oneOf(['bytes', 'volume', 'boot'], 'How far to go. Default: `bytes`.')),
    'max-gigabytes': optional(count('The largest restore point to drill, in GiB.', 1, 1_000_000)),
    rto: optional(
      text(
        'How long a restore may take, such as 2h or 45min; the report compares the times of the drills with it.',
        'rto',
      ),
    ),
    'max-age': optional(
      text('If a resource was not proved for longer than this, the report fails.', 'duration'),
    ),
    'by-hand': optional(
      Type.Object(
        {
          every: text('A drill by hand is due when the last one is older than this: 30d.', 'duration'),
          level: optional(oneOf(['bytes', 'volume'], 'How far to go. Default: `bytes`.')),
        },
        { ...closed, description: 'The same by hand: `drill` with `plan` and `by-hand`.' },
      ),
    ),
  },
  { ...closed, description: 'Restores made only to prove that they work: `drill` with `plan`.' },
);

const Report = Type.Object(
  {
    'fail-on': optional(
      Type.Array(oneOf(FAIL_ON, 'What makes a report fail.'), {
        description:
          'What makes a report fail. Default: `uncovered`, `stale` and `failing`, and `unproved` where `drill` has a `max-age`.',
        uniqueItems: true,
      }),
    ),
    issue: optional(
      Type.Boolean({
        description:
          'One issue in the repository, opened, changed and closed by the report. Needs `issues: write`.',
      }),
    ),
  },
  { ...closed, description: 'How to report what is not covered.' },
);

export const PlanFileSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 1, maximum: 1, description: 'The version of this format: 1.' }),
    cloud: optional(text('The entry of clouds.yaml.')),
    project: text('The id of the project. No other project is touched.', 'id'),
    region: optional(text('The region; needed if the cloud has several.')),
    timezone: optional(text('For daily, weekly and so on: Europe/Berlin. Default: UTC.', 'zone')),
    publish: optional(
      Type.Array(text('artifact, release, store or directory:PATH', 'publish'), {
        description: 'Where to publish manifests and look for them. They must outlive `keep`.',
        minItems: 1,
        uniqueItems: true,
      }),
    ),
    recipients: optional(
      Type.Array(text('An age recipient, which starts with age1.', 'recipient'), {
        description: 'The age recipients to seal to, preferably of two people.',
        minItems: 1,
        uniqueItems: true,
      }),
    ),
    store: optional(
      text(
        'The place for data that leaves the cloud: `directory:PATH`, `s3://BUCKET/PREFIX` or `swift://CONTAINER/PREFIX`.',
        'store',
      ),
    ),
    refresh: optional(
      count(
        'In how many runs to send all of a disk to the store again, changed or not. Default: never.',
        1,
        1000,
      ),
    ),
    keep: optional(Keep),
    accept: optional(
      Type.Array(text('The id of a restore point.', 'point'), {
        description:
          'Restore points whose disks changed as never before, and that somebody has looked at. The points before them are no longer kept for that.',
        uniqueItems: true,
      }),
    ),
    'back-up': Type.Array(BackUp, {
      description: 'A resource belongs to the first entry that matches it.',
      minItems: 1,
    }),
    exclude: optional(Type.Array(Exclude, { description: 'What is not backed up, and why.' })),
    drill: optional(Drill),
    report: optional(Report),
  },
  { ...closed, title: 'openstack-backup plan, version 1' },
);

export type PlanText = Type.Static<typeof PlanFileSchema>;
export type KeepText = Type.Static<typeof Keep>;
export type BackUpText = Type.Static<typeof BackUp>;
export type DrillText = Type.Static<typeof Drill>;
export type ExcludeText = Type.Static<typeof Exclude>;
