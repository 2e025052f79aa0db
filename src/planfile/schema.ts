import Type from 'typebox';

/**
 * The plan file, version 1. This is the one source: what is read, the types and `docs/plan-v1.schema.json` are made from
 * it. Closed: an unknown key is an error, so that no slip of the pen leaves something out. `form` names what a text must
 * be beyond its type: `src/planfile/forms.ts`.
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
export const FAIL_ON = ['uncovered', 'stale', 'failing', 'unsaved-key'] as const;

const selectors = (description: string) =>
  Type.Union([text(description, 'selector'), Type.Array(text('One of them.', 'selector'), { minItems: 1 })], {
    description,
  });
const kinds = (description: string) =>
  Type.Array(oneOf(KINDS, 'A kind of resource.'), { description, minItems: 1, uniqueItems: true });

const Keep = Type.Object(
  {
    last: optional(count('So many of the newest points.')),
    hourly: optional(count('The newest point of each of the last so many hours that have one.')),
    daily: optional(count('The newest point of each of the last so many days that have one.')),
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
    'min-copies': optional(
      count('So many good points stay, whatever the rules say. 2 if not given.', 1, 1000),
    ),
    gone: optional(
      text(
        'How long after its newest point everything of a resource may go that is gone from the cloud. If not given, it loses nothing.',
        'duration',
      ),
    ),
  },
  {
    ...closed,
    description:
      "What stays, in restic's words and with its meaning: each rule keeps what it says, whatever the others say. Without it nothing is ever deleted.",
  },
);

const BackUp = Type.Object(
  {
    name: text('What it is called in messages; no two have the same.'),
    select: selectors('Ids, names, metadata:KEY=VALUE, name:PATTERN or all; one, or a list.'),
    kinds: optional(
      kinds(
        'Which kinds of resources. If not given, servers and volumes, with `store` images too, and with `recipients` secrets.',
      ),
    ),
    also: optional(
      Type.Boolean({ description: 'Beside the entry that matches first, and not instead of it.' }),
    ),
    method: optional(
      oneOf(
        ['auto', 'cinder-backup', 'image'],
        'How volumes and the disks of servers are saved. `auto`: an image where `store` is given, else a Cinder backup.',
      ),
    ),
    'max-chain': optional(
      count('Backups in a chain at most, the full one counted. 7 if not given.', 1, 1000),
    ),
    every: text(
      'Due when the newest good point is older, whatever the schedule of the workflow does: 6h, 1d, 7d, 1m.',
      'duration',
    ),
    'max-age': optional(
      text(
        'When the newest good point is older, the report turns red. One and a half times `every` if not given.',
        'duration',
      ),
    ),
    consistency: optional(
      oneOf(
        ['best', 'quiesced'],
        '`quiesced`: the file systems of the guest are frozen, or it fails; `best`: as good as it gets.',
      ),
    ),
    keep: optional(Keep),
  },
  { ...closed, description: 'What is backed up, how and how often.' },
);

const Exclude = Type.Object(
  {
    select: selectors('Ids, names, metadata:KEY=VALUE or name:PATTERN; one, or a list.'),
    kinds: optional(kinds('Which kinds of resources; all if not given.')),
    reason: text('Why; reports say it.'),
    until: optional(text('The last day on which it holds: 2027-06-30.', 'date')),
  },
  { ...closed, description: 'What is not backed up, and why.' },
);

const Drill = Type.Object(
  {
    every: text('How often a restore is tried.', 'duration'),
    pick: optional(oneOf(['random', 'latest'], 'Which point is tried.')),
    level: optional(oneOf(['bytes', 'volume', 'boot'], 'How far.')),
    'max-gigabytes': optional(count('No point of a larger volume is tried. GiB.', 1, 1_000_000)),
    rto: optional(text('How long a restore may take.', 'duration')),
  },
  { ...closed, description: 'Restores that are tried. Not carried out yet.' },
);

const Report = Type.Object(
  {
    'fail-on': optional(
      Type.Array(oneOf(FAIL_ON, 'What makes a report end red.'), {
        description: 'What makes a report end red. `uncovered`, `stale` and `failing` if not given.',
        uniqueItems: true,
      }),
    ),
    issue: optional(
      Type.Boolean({ description: 'One issue in the repository, opened and closed by the report.' }),
    ),
  },
  { ...closed, description: 'How it is told what is not covered.' },
);

export const PlanFileSchema = Type.Object(
  {
    version: Type.Integer({ minimum: 1, maximum: 1, description: 'The version of this form: 1.' }),
    cloud: optional(text('The entry of clouds.yaml.')),
    project: text('The id of the project. Nothing of any other is touched.', 'id'),
    region: optional(text('The region; needed where the cloud has several.')),
    timezone: optional(text('For daily, weekly and so on: Europe/Berlin. UTC if not given.', 'zone')),
    publish: optional(
      Type.Array(text('artifact, release or directory:PATH', 'publish'), {
        description: 'Where manifests go and are looked for. They must outlive `keep`.',
        minItems: 1,
        uniqueItems: true,
      }),
    ),
    recipients: optional(
      Type.Array(text('A line that starts with age1.', 'recipient'), {
        description: 'age recipients, whose identities open what is sealed to them: of two people.',
        minItems: 1,
        uniqueItems: true,
      }),
    ),
    store: optional(text('The place for data that leaves the cloud, as `directory:PATH`.', 'store')),
    keep: optional(Keep),
    'back-up': Type.Array(BackUp, {
      description: 'The first entry that matches a resource takes it.',
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
export type ExcludeText = Type.Static<typeof Exclude>;
