import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DIRECTORY } from '../src/manifest/files.ts';
import type { Wish, Word } from './cost-cloud.ts';

export interface Case extends Omit<Wish, 'manifests' | 'plan'> {
  readonly name: string;
  /** Whether manifests name the backups. */
  readonly named?: true;
  /** Whether there is a plan. */
  readonly planned?: true;
  readonly words: readonly string[];
}

const PLAN = 'plan.yml';
/** A dry run of the plan. */
export const APPLY = ['apply', '--plan', PLAN, '--dry-run', '--allow-unsigned'];

/** Says at the end what the process used, in a line that nobody else writes. */
const METER = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    writeSync(2, '\\ncost ' + maxRSS + ' ' + (userCPUTime + systemCPUTime) + '\\n');
  });
`)}`;

export interface Figure {
  readonly requests: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly ended: boolean;
  /** Undefined where it was ended. */
  readonly mebibytes: number | undefined;
  /** User and system. */
  readonly processor: number | undefined;
  readonly seconds: number;
}

/**
 * Each on a cloud of its own, since a run changes it.
 *
 * @param minutes after which it is ended
 */
export async function measure(
  { words, name, named, planned, ...wish }: Case,
  bin: string,
  minutes: number,
): Promise<Figure> {
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
    const ran = await run(bin, words, directory, word.environment, minutes);
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
  minutes: number,
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
  const timer = setTimeout(() => child.kill('SIGKILL'), minutes * 60_000);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearTimeout(timer);
  return { code, ended: signal === 'SIGKILL', stderr, seconds: (performance.now() - started) / 1000 };
}
