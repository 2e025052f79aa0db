import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DIRECTORY } from '../src/manifest/files.ts';
import type { Wish, Word } from './cost-cloud.ts';

/**
 * `npm run bench:cost`: what a run costs where there is much: requests, as the embedded cloud counts them in a process of
 * its own, and the peak of resident memory and the processor time of our process, as the kernel counts them.
 *
 * Several programs are measured side by side in one run: `npm run bench:cost -- --bin dist/cli.js --bin
 * ../before/dist/cli.js`. `--only TEXT` takes the cases whose name has the text, `--kinds` tells what was asked, and a
 * case that takes longer than `--minutes` is ended and shown as that.
 */
const { values: given } = parseArgs({
  options: {
    bin: { type: 'string', multiple: true, default: [join(import.meta.dirname, '../dist/cli.js')] },
    only: { type: 'string', default: '' },
    kinds: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '15' },
  },
});

interface Case extends Omit<Wish, 'manifests' | 'plan'> {
  readonly name: string;
  /** Whether manifests name the backups. */
  readonly named?: true;
  /** Whether there is a plan. */
  readonly planned?: true;
  readonly words: readonly string[];
}

const PLAN = 'plan.yml';
const ALL = ['backup-volume', '--volumes', 'all'];
const DRY = [...ALL, '--dry-run'];
const REAL = [...ALL, '--mode', 'full', '--concurrency', '20'];
const IMAGE = [...ALL, '--method', 'image', '--store', 'directory:store', '--concurrency', '8'];

const cases: readonly Case[] = [
  { name: 'dry run of 1,000', volumes: 1000, encrypted: false, backups: 0, words: DRY },
  { name: 'dry run of 5,000', volumes: 5000, encrypted: false, backups: 0, words: DRY },
  { name: 'dry run of 1,000 encrypted', volumes: 1000, encrypted: true, backups: 0, words: DRY },
  { name: 'dry run of 5,000 encrypted', volumes: 5000, encrypted: true, backups: 0, words: DRY },
  {
    name: 'dry run of 1,000, with 100,000 backups',
    volumes: 1000,
    encrypted: false,
    backups: 100_000,
    words: DRY,
  },
  { name: 'real run of 1,000', volumes: 1000, encrypted: false, backups: 0, words: REAL },
  { name: 'real run of 1,000 encrypted', volumes: 1000, encrypted: true, backups: 0, words: REAL },
  { name: 'real run of 5,000', volumes: 5000, encrypted: false, backups: 0, words: REAL },
  {
    name: 'list of 5,000, with 20,000 backups',
    volumes: 5000,
    encrypted: false,
    backups: 20_000,
    named: true,
    words: ['list', '--format', 'json'],
  },
  {
    name: 'list --at of one of 20,000',
    volumes: 5000,
    encrypted: false,
    backups: 20_000,
    named: true,
    words: ['list', '--volume', 'volume-00007', '--at', '0h'],
  },
  {
    name: 'apply of 5,000, half encrypted, 20,000 backups',
    volumes: 5000,
    encrypted: 'half',
    backups: 20_000,
    named: true,
    planned: true,
    words: ['apply', '--plan', PLAN, '--dry-run', '--allow-unsigned'],
  },
  { name: '300 through images', volumes: 300, encrypted: false, backups: 0, words: IMAGE },
];

/** Says at the end what the process used, in a line that nobody else writes. */
const METER = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeSync(2, '\\ncost ' + maxRSS + ' ' + (userCPUTime + systemCPUTime) + '\\n');
  });
`)}`;

interface Figure {
  readonly requests: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly ended: boolean;
  /** Undefined where it was ended. */
  readonly mebibytes: number | undefined;
  /** User and system. */
  readonly processor: number | undefined;
  readonly seconds: number;
}

const bins = given.bin.map((bin) => resolve(bin));
process.stdout.write(
  `${bins.map((bin, at) => `${at + 1}: ${bin}\n`).join('')}\n${row('', ['requests', 'memory', 'processor', 'time'])}`,
);
for (const one of cases.filter(({ name }) => name.includes(given.only)))
  for (const [at, bin] of bins.entries()) {
    const figure = await measure(one, bin);
    process.stdout.write(row(`${one.name}${bins.length > 1 ? ` (${at + 1})` : ''}`, cellsOf(figure)));
    if (given.kinds)
      for (const [kind, count] of Object.entries(figure.kinds).sort(([, a], [, b]) => b - a))
        process.stdout.write(`${String(count).padStart(12)} ${kind}\n`);
  }

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(50)}${cells.map((cell) => cell.padStart(12)).join('')}\n`;
}

function cellsOf({ requests, mebibytes, processor, seconds, ended }: Figure): string[] {
  return [
    String(requests),
    mebibytes === undefined ? '-' : `${mebibytes} MiB`,
    processor === undefined ? '-' : `${processor.toFixed(1)} s`,
    `${ended ? '> ' : ''}${seconds.toFixed(0)} s`,
  ];
}

/** Each on a cloud of its own, since a run changes it. */
async function measure({ words, name, named, planned, ...wish }: Case, bin: string): Promise<Figure> {
  const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-cost-'));
  const cloud = fork(join(import.meta.dirname, 'cost-cloud.ts'), [
    JSON.stringify({
      ...wish,
      ...(named && { manifests: join(directory, DIRECTORY) }),
      ...(planned && { plan: join(directory, PLAN) }),
    }),
  ]);
  try {
    const [word] = (await Promise.race([once(cloud, 'message'), failedOf(cloud)])) as [Word];
    if (!('environment' in word)) throw new Error('the cloud does not say where it is');
    const ran = await run(bin, words, directory, word.environment);
    const answer = once(cloud, 'message');
    cloud.send('count');
    const [counted] = (await answer) as [Word];
    if (!('requests' in counted)) throw new Error('the cloud does not say what it was asked');
    const used = /\ncost (\d+) (\d+)\n/.exec(ran.stderr);
    if (!ran.ended && (ran.code !== 0 || used === null))
      throw new Error(`${name}: ${bin} ended with ${ran.code}\n${ran.stderr.slice(-2000)}`);
    return {
      ...counted,
      ended: ran.ended,
      seconds: ran.seconds,
      mebibytes: used === null ? undefined : Math.round(Number(used[1]) / 1024),
      processor: used === null ? undefined : Number(used[2]) / 1e6,
    };
  } finally {
    cloud.kill();
    await rm(directory, { recursive: true });
  }
}

/** A cloud that ends by itself has failed, and said why. */
async function failedOf(cloud: ChildProcess): Promise<never> {
  const [code] = await once(cloud, 'exit');
  throw new Error(`the embedded cloud ended with ${code}`);
}

/** Ended where it takes too long. */
async function run(
  bin: string,
  words: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string>>,
) {
  const started = performance.now();
  const child = spawn(process.execPath, ['--import', METER, bin, ...words], {
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-20_000);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), Number(given.minutes) * 60_000);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  return { code, ended: signal === 'SIGKILL', stderr, seconds: (performance.now() - started) / 1000 };
}
