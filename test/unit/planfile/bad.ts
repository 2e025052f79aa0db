import { GOOD, RECIPIENTS } from './good.ts';

/** Six lines in which nothing is wrong. */
export const SMALL = `version: 1
project: 5bde59c76c73cc5e04335342476fc095
back-up:
  - name: all
    select: all
    every: 1d
`;

/** What is wrong with it, and with its last line, which stands for what comes there instead. */
const put = (line: string, instead: string) => {
  if (!SMALL.includes(line)) throw new Error(`no "${line}" in the plan`);
  return SMALL.replace(line, instead);
};
const good = (line: string, instead: string) => {
  if (!GOOD.includes(line)) throw new Error(`no "${line}" in the plan`);
  return GOOD.replace(line, instead);
};
const plus = (lines: string) => `${SMALL}${lines}\n`;
const every = (words: string) => put('every: 1d', `every: ${words}`);
const keep = (rules: string) => plus(`keep: ${rules}`);
const select = (words: string) => put('select: all', `select: ${words}`);

/** Each with what is said. */
export const BAD: readonly (readonly [name: string, text: string, said: readonly string[]])[] = [
  ['an empty file', '', ['1:1: the plan must have keys and values']],
  ['only a comment', '# later\n', ['1:1: the plan must have keys and values']],
  ['a list', '- version: 1\n', ['1:1: the plan must have keys and values']],
  ['a word', 'plan\n', ['1:1: the plan must have keys and values']],
  ['JSON that ends too early', '{"version": 1,', ['1:15: not YAML: flow map must end with a }']],
  ['a tab', SMALL.replace('  - name', '\t- name'), ['4:1: not YAML: tabs are not allowed as indentation']],
  ['a quote without its end', select('"all'), ['7:1: not YAML: missing closing "quote']],
  [
    'a bracket without its end',
    plus('publish: [release'),
    ['8:1: not YAML: flow sequence in block collection must be sufficiently indented and end with a ]'],
  ],
  [
    'two documents',
    plus('---\nversion: 1'),
    ['7:1: a second document starts here, but a plan is a single document'],
  ],
  ['a directive', `%YAML 1.1\n---\n${SMALL}`, ['1:1: a %YAML directive is not allowed in a plan']],
  ['an unknown directive', `%PLAN 1\n---\n${SMALL}`, ['1:1: not YAML: unknown directive %PLAN']],
  [
    'a tag',
    put('version: 1', 'version: !!int 1'),
    ['1:16: the tag "tag:yaml.org,2002:int" is not allowed in a plan: leave it out'],
  ],
  [
    'a tag that would be code elsewhere',
    select('!!python/object/apply:os.system ["id"]'),
    [
      '5:45: the tag "tag:yaml.org,2002:python/object/apply:os.system" is not allowed in a plan: leave it out',
    ],
  ],
  [
    'a merge key',
    plus('keep: &rules {daily: 3}\nreport:\n  <<: *rules'),
    ['9:3: merge keys (<<) are not allowed in a plan: write out the keys'],
  ],
  ['an alias of nothing', every('*often'), ['6:12: the alias *often has no anchor above it']],
  [
    'an alias of itself',
    plus('keep: &rules {daily: *rules}'),
    ['7:14: nested too deeply, or an alias stands for itself'],
  ],
  [
    'aliases of aliases of aliases',
    plus(
      [
        'a: &a [x, x, x, x, x, x, x, x, x, x]',
        ...['b', 'c', 'd', 'e'].map(
          (letter, index) => `${letter}: &${letter} [${Array(10).fill(`*${'abcd'[index]}`).join(', ')}]`,
        ),
      ].join('\n'),
    ),
    ['7:23: aliases make the file larger than any plan'],
  ],
  [
    'depth',
    plus(`exclude: ${'['.repeat(40)}${']'.repeat(40)}`),
    ['7:30: nested too deeply, or an alias stands for itself'],
  ],
  ['a key of many words', plus('? [a, b]\n: 1'), ['7:3: a key is one word']],
  ['a key that is given twice', plus('version: 1'), ['7:1: "version" is given twice: first on line 1']],
  [
    'a key of an entry that is given twice',
    plus('    every: 2d'),
    ['7:5: "every" is given twice: first on line 6'],
  ],
  ['no version', put('version: 1\n', ''), ['1:1: version is missing']],
  ['a version of the future', put('version: 1', 'version: 2'), ['1:10: version is "2": use 1']],
  ['a version in quotes', put('version: 1', 'version: "1"'), ['1:10: version is "1": use 1']],
  ['no project', put('project: 5bde59c76c73cc5e04335342476fc095\n', ''), ['1:1: project is missing']],
  [
    'an empty project',
    put('project: 5bde59c76c73cc5e04335342476fc095', 'project:'),
    ['2:9: project is empty'],
  ],
  [
    'the name of a project',
    put('project: 5bde59c76c73cc5e04335342476fc095', 'project: our shop'),
    ['2:10: project is "our shop": give the id, as openstack token issue shows it'],
  ],
  [
    'a value that only workflows know',
    put('project: 5bde59c76c73cc5e04335342476fc095', `project: $${'{{ vars.PROJECT }}'}`),
    [`2:10: project has $${'{{ }}'}, which works only in workflows: write the value itself`],
  ],
  ['nothing to back up', 'version: 1\nproject: p\n', ['1:1: back-up is missing']],
  ['an empty list to back up', 'version: 1\nproject: p\nback-up: []\n', ['3:10: back-up is empty']],
  [
    'one entry and no list',
    'version: 1\nproject: p\nback-up:\n  name: all\n  select: all\n  every: 1d\n',
    ['4:3: back-up must be a list'],
  ],
  [
    'an entry that is a word',
    'version: 1\nproject: p\nback-up: [all]\n',
    ['3:11: entry 1 of back-up must have keys and values'],
  ],
  [
    'a slip in a key',
    put('every: 1d', 'evry: 1d'),
    ['4:5: every is missing', '6:5: unknown key "evry": did you mean every?'],
  ],
  [
    'a slip in a key of the plan',
    plus('recipient: [x]'),
    ['7:1: unknown key "recipient": did you mean recipients?'],
  ],
  [
    'a key of nothing',
    plus('schedule: nightly'),
    [
      '7:1: unknown key "schedule": the keys are version, cloud, project, region, timezone, publish, recipients, store, refresh, keep, accept, back-up, exclude, drill, report',
    ],
  ],
  ['no name', put('  - name: all\n    select', '  - select'), ['4:5: name is missing']],
  ['no selector', put('    select: all\n', ''), ['4:5: select is missing']],
  ['an empty selector', select(''), ['5:13: select is empty']],
  ['an empty list of selectors', select('[]'), ['5:13: select is empty']],
  ['a list in a list', select('[[all]]'), ['5:14: entry 1 of select must be one value']],
  [
    'several in one text',
    select('db, web'),
    ['5:13: select is "db, web": write several as a list, [db, web]'],
  ],
  [
    'metadata without a key',
    select('metadata:=db'),
    [
      '5:13: select is wrong: "metadata:=db" has no metadata key; write metadata:KEY=VALUE, or metadata:KEY for any value',
    ],
  ],
  [
    'a name without a pattern',
    select('"name:"'),
    [
      '5:13: select is wrong: "name:" has no pattern; write name:db-* for example; * stands for any characters',
    ],
  ],
  ['a selector with a space', select('" all"'), ['5:13: select is " all": it begins or ends with a space']],
  ['no rhythm', put('    every: 1d\n', ''), ['4:5: every is missing']],
  [
    'a rhythm in weeks',
    every('1w'),
    [
      '6:12: every is "1w": invalid duration; write years, months, days and hours in this order, such as 1y5m7d2h or 14d',
    ],
  ],
  [
    'a rhythm in words',
    every('daily'),
    [
      '6:12: every is "daily": invalid duration; write years, months, days and hours in this order, such as 1y5m7d2h or 14d',
    ],
  ],
  [
    'a rhythm of nothing',
    every('0d'),
    [
      '6:12: every is "0d": invalid duration; write years, months, days and hours in this order, such as 1y5m7d2h or 14d',
    ],
  ],
  ['a rhythm that is a list', every('[1d]'), ['6:12: every must be one value']],
  [
    'an age below the rhythm',
    plus('    max-age: 12h'),
    ['7:14: max-age 12h is shorter than every 1d: the report would always be red'],
  ],
  [
    'an age of no time',
    plus('    max-age: soon'),
    [
      '7:14: max-age is "soon": invalid duration; write years, months, days and hours in this order, such as 1y5m7d2h or 14d',
    ],
  ],
  [
    'a month that is shorter than 31 days',
    put('every: 1d', 'every: 31d\n    max-age: 1m'),
    ['7:14: max-age 1m is shorter than every 31d: the report would always be red'],
  ],
  [
    'two entries of one name',
    plus('  - name: all\n    select: db\n    also: true\n    every: 2d'),
    ['7:11: "all" is already the name of entry 1'],
  ],
  [
    'an entry that nothing is left for',
    plus('  - name: rest\n    select: db\n    every: 2d'),
    ['8:13: "rest" gets nothing: "all", above it, takes everything; move it up, or write also: true'],
  ],
  [
    'an unknown kind',
    plus('    kinds: [volume, snapshot]'),
    ['7:21: entry 2 of kinds is "snapshot": use server, volume, image, secret'],
  ],
  [
    'a slip in a kind',
    plus('    kinds: [volumes]'),
    ['7:13: entry 1 of kinds is "volumes": did you mean volume?'],
  ],
  ['a kind that is no list', plus('    kinds: volume'), ['7:12: kinds must be a list']],
  ['no kind', plus('    kinds: []'), ['7:12: kinds is empty']],
  ['a kind twice', plus('    kinds: [volume, volume]'), ['7:21: kinds has "volume" twice']],
  [
    'images without a place for them',
    plus('    kinds: [volume, image]'),
    ['7:21: images can be saved only outside the cloud: give a store'],
  ],
  [
    'raw disks without a place for them',
    plus('    raw: true'),
    ['7:10: raw is for disks that leave the cloud: give a store'],
  ],
  [
    'secrets without recipients',
    plus('    kinds: [secret]\nstore: directory:/mnt'),
    ['7:13: secrets are saved sealed, outside the cloud: give recipients and a store'],
  ],
  [
    'metadata of secrets',
    good(
      'select: all\n    kinds: [server, volume, image, secret]',
      'select: metadata:a=b\n    kinds: [secret]',
    ),
    ['34:13: secrets have no metadata to select by: use names or ids'],
  ],
  [
    'an unknown method',
    plus('    method: snapshot'),
    ['7:13: method is "snapshot": use auto, cinder-backup, image'],
  ],
  [
    'a slip in a method',
    plus('    method: cinder-backups'),
    ['7:13: method is "cinder-backups": did you mean cinder-backup?'],
  ],
  [
    'a chain of none',
    plus('    max-chain: 0'),
    ['7:16: max-chain is "0": use a whole number from 1 to 1000'],
  ],
  [
    'a chain of words',
    plus('    max-chain: seven'),
    ['7:16: max-chain is "seven": use a whole number from 1 to 1000'],
  ],
  [
    'a chain of a fraction',
    plus('    max-chain: 7.5'),
    ['7:16: max-chain is "7.5": use a whole number from 1 to 1000'],
  ],
  [
    'an unknown consistency',
    plus('    consistency: perfect'),
    ['7:18: consistency is "perfect": use best, quiesced'],
  ],
  ['a yes that is no true', plus('    also: yes'), ['7:11: also is "yes": use true or false']],
  [
    'an empty policy',
    keep('{}'),
    ['7:7: keep has no rule: nothing would be kept; write daily: 14 for example, or leave keep out'],
  ],
  [
    'a policy without a rule',
    keep('{min-copies: 2}'),
    ['7:7: keep has no rule: nothing would be kept; write daily: 14 for example, or leave keep out'],
  ],
  ['a policy that is empty', keep(''), ['7:7: keep must have keys and values']],
  ['a policy of a number', keep('14'), ['7:7: keep must have keys and values']],
  ['a rule of none', keep('{daily: 0}'), ['7:15: daily is "0": use a whole number from 1 to 10000']],
  [
    'a rule in hexadecimal',
    keep('{daily: 0x10}'),
    ['7:15: daily is "0x10": use a whole number from 1 to 10000'],
  ],
  ['a rule in words', keep('{daily: all}'), ['7:15: daily is "all": use a whole number from 1 to 10000']],
  ['a slip in a rule', keep('{dayly: 14}'), ['7:8: unknown key "dayly": did you mean daily?']],
  [
    "restic's name of an option",
    keep('{keep-daily: 14}'),
    [
      '7:8: unknown key "keep-daily": the keys are last, hourly, daily, weekly, monthly, yearly, within, within-hourly, within-daily, within-weekly, within-monthly, within-yearly, tag, min-copies, gone',
    ],
  ],
  [
    'a time within that is none',
    keep('{within: 3w}'),
    [
      '7:16: within is "3w": invalid duration; write years, months, days and hours in this order, such as 1y5m7d2h or 14d',
    ],
  ],
  [
    'a tag that is none',
    keep('{tag: [pre-deploy, "two words"]}'),
    [
      '7:26: entry 2 of tag is "two words": invalid tags; write one tag, or several that a point must all have: release,signed. A tag has 1 to 64 letters, digits, dots, underscores and hyphens',
    ],
  ],
  ['no tags', keep('{tag: []}'), ['7:13: tag is empty']],
  [
    'no copy at all',
    keep('{daily: 3, min-copies: 0}'),
    ['7:30: min-copies is "0": use a whole number from 1 to 1000'],
  ],
  [
    'gone for ever',
    keep('{daily: 3, gone: never}'),
    [
      '7:24: gone is "never": invalid duration; write years, months, days and hours in this order, such as 1y5m7d2h or 14d',
    ],
  ],
  [
    'an empty policy of an entry',
    plus('    keep: {min-copies: 2}'),
    ['7:11: keep has no rule: nothing would be kept; write daily: 14 for example, or leave keep out'],
  ],
  [
    'a zone of nowhere',
    plus('timezone: Europe/Atlantis'),
    ['7:11: timezone is "Europe/Atlantis": there is no such zone; write UTC, or one like Europe/Berlin'],
  ],
  [
    'an offset for a zone',
    plus('timezone: "+01:00"'),
    ['7:11: timezone is "+01:00": there is no such zone; write UTC, or one like Europe/Berlin'],
  ],
  [
    'the zone of the machine',
    plus('timezone: local'),
    ['7:11: timezone is "local": there is no such zone; write UTC, or one like Europe/Berlin'],
  ],
  [
    'an unknown place',
    plus('publish: [ftp://backups]'),
    ['7:11: entry 1 of publish is "ftp://backups": use artifact, release, store or directory:PATH'],
  ],
  [
    'a store to publish to with a key in it',
    plus('publish: [s3://AKIA:hunter2@bucket]'),
    [
      '7:11: entry 1 of publish is wrong: the s3:// of `publish` has a user or a key in it; take it out: names are shown in logs and manifests. Give keys as `s3-access-key` and `s3-secret-key`, and a cloud as `store-cloud`',
    ],
  ],
  [
    'a store where there is none',
    plus('publish: [store]'),
    ['7:11: there is no store to publish to: give a store'],
  ],
  ['a place twice', plus('publish: [release, release]'), ['7:20: publish has "release" twice']],
  [
    'a directory twice',
    plus('publish: ["directory:a", "directory:a/"]'),
    ['7:26: "directory:a" is given twice'],
  ],
  ['a place that is no list', plus('publish: release'), ['7:10: publish must be a list']],
  [
    'an unsupported store',
    plus('store: gs://backups/production'),
    [
      '7:8: store is "gs://backups/production": unsupported store; write directory:PATH, s3://BUCKET/PREFIX or swift://CONTAINER/PREFIX',
    ],
  ],
  [
    'a container that has no such name',
    plus('store: swift://my backups'),
    [
      '7:8: store is "swift://my backups": "my backups" is no container; write swift://CONTAINER or swift://CONTAINER/PREFIX. Its name has letters, digits, dots, hyphens and underscores',
    ],
  ],
  [
    'a key in the name of a store',
    plus('store: s3://AKIA:hunter2@bucket'),
    [
      '7:8: store is wrong: the s3:// of `store` has a user or a key in it; take it out: names are shown in logs and manifests. Give keys as `s3-access-key` and `s3-secret-key`, and a cloud as `store-cloud`',
    ],
  ],
  [
    'an artifact as store',
    plus('store: artifact'),
    [
      '7:8: store is "artifact": unsupported store; write directory:PATH, s3://BUCKET/PREFIX or swift://CONTAINER/PREFIX',
    ],
  ],
  [
    'a directory without a path',
    plus('store: "directory:"'),
    [
      '7:8: store is "directory:": unsupported store; write directory:PATH, s3://BUCKET/PREFIX or swift://CONTAINER/PREFIX',
    ],
  ],
  [
    'a recipient that is none',
    plus('recipients: [age1xyz]'),
    [
      '7:14: entry 1 of recipients is not an age recipient, which starts with age1: age-keygen prints it as the public key',
    ],
  ],
  [
    'a recipient twice',
    plus(`recipients: [${RECIPIENTS[0]}, ${RECIPIENTS[0]}]`),
    ['7:78: recipients has "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" twice'],
  ],
  [
    'an identity by mistake',
    plus('recipients: [AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ]'),
    [
      '7:14: entry 1 of recipients is an age identity, which opens everything: take it out of the file, and use a new pair from age-keygen',
    ],
  ],
  ['no recipient', plus('recipients: []'), ['7:13: recipients is empty']],
  ['no reason', plus('exclude: [{select: db}]'), ['7:11: reason is missing']],
  [
    'a day that is none',
    plus('exclude: [{select: db, reason: old, until: 2027-02-29}]'),
    ['7:44: until is "2027-02-29": there is no such day; write 2027-06-30'],
  ],
  [
    'a day in another form',
    plus('exclude: [{select: db, reason: old, until: 30.6.2027}]'),
    ['7:44: until is "30.6.2027": there is no such day; write 2027-06-30'],
  ],
  [
    'everything excluded',
    plus('exclude: [{select: all, reason: later}]'),
    ['7:20: this excludes everything: nothing would be backed up'],
  ],
  [
    'a drill that is none',
    good('pick: random', 'pick: oldest'),
    ['43:9: pick is "oldest": did you mean latest?'],
  ],
  [
    'minutes that would be months',
    good('rto: 2h', 'rto: 30m'),
    ['46:8: rto is "30m": invalid time; write days, hours and minutes in this order, such as 2h or 1h30min'],
  ],
  [
    'a server by hand',
    good('  rto: 2h\n', '  rto: 2h\n  by-hand: {every: 30d, level: boot}\n'),
    ['47:32: level is "boot": use bytes, volume'],
  ],
  ['a drill without a rhythm', good('  every: 30d\n', ''), ['42:3: every is missing']],
  [
    'a failure that is none',
    good('fail-on: [stale, uncovered]', 'fail-on: [stale, uncoverd]'),
    ['48:20: entry 2 of fail-on is "uncoverd": did you mean uncovered?'],
  ],
  [
    'a command',
    plus('report: {fail-on: [$(id)]}'),
    ['7:20: entry 1 of fail-on is "$(id)": use uncovered, stale, failing, unsaved-key, unproved'],
  ],
  [
    'a name that would break a log',
    plus('"a\\n::error::b": 1'),
    [
      '7:1: unknown key "a\\n::error::b": the keys are version, cloud, project, region, timezone, publish, recipients, store, refresh, keep, accept, back-up, exclude, drill, report',
    ],
  ],
  ['too much', `# ${'x'.repeat(300_000)}\n${SMALL}`, ['1:1: the file is larger than any plan']],
  [
    'three mistakes',
    `version: 3\nproject: p\nback-up:\n  - name: x\n    selct: all\n    every: 1w\n`,
    [
      '1:10: version is "3": use 1',
      '4:5: select is missing',
      '5:5: unknown key "selct": did you mean select?',
      '6:12: every is "1w": invalid duration; write years, months, days and hours in this order, such as 1y5m7d2h or 14d',
    ],
  ],
];
