/**
 * Asks the real restic which points it keeps, and writes what it says into verdicts.json, which the tests read:
 * `node test/retention/ask-restic.ts`. Needs restic in PATH (Debian's package); takes a quarter of an hour, most of which
 * restic spends on opening its repository a thousand times.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Policy } from '../../src/retention/policy.ts';
import { type History, histories } from './histories.ts';
import { POLICIES } from './policies.ts';

interface Snapshot {
  readonly time: string;
}

const home = mkdtempSync(join(tmpdir(), 'ask-restic-'));

function restic(zone: string, words: readonly string[]): string {
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    TZ: zone,
    RESTIC_PASSWORD: 'x',
    RESTIC_REPOSITORY: join(home, 'repository'),
  };
  return execFileSync('restic', ['--quiet', ...words], {
    env,
    encoding: 'utf8',
    input: 'x',
    maxBuffer: 1 << 28,
  });
}

function flagsOf(policy: Policy): string[] {
  return Object.entries(policy).flatMap(([rule, value]) => {
    if (rule === 'tags') return (value as string[][]).flatMap((tags) => ['--keep-tag', tags.join(',')]);
    const flag = `--keep-${rule.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return [flag, String(value)];
  });
}

/** The same instant in every zone. */
const instant = ({ time }: Snapshot) => new Date(time).toISOString();

function ask(name: string, { zone, moments }: History) {
  for (const { wall, tags } of moments)
    restic(zone, [
      ...['backup', '--stdin', '--host', name, '--time', wall],
      ...tags.flatMap((tag) => ['--tag', tag]),
    ]);
  const made = JSON.parse(restic(zone, ['snapshots', '--json', '--host', name])) as (Snapshot & {
    tags?: string[];
  })[];
  const points = made.map((snapshot) => ({ time: instant(snapshot), tags: snapshot.tags ?? [] }));
  const kept = POLICIES.map((policy) => {
    const words = ['forget', '--dry-run', '--json', '--group-by', 'host', '--host', name, ...flagsOf(policy)];
    const groups = JSON.parse(restic(zone, words)) as { keep: Snapshot[] | null }[];
    return (groups[0]?.keep ?? []).map(instant).sort();
  });
  process.stderr.write(`${name}: ${points.length} points\n`);
  return [name, { zone, points, kept }] as const;
}

try {
  restic('UTC', ['init']);
  const asked = Object.entries(histories()).map(([name, history]) => ask(name, history));
  const version = restic('UTC', ['version']).split(' on ')[0];
  const table = { version, policies: POLICIES, histories: Object.fromEntries(asked) };
  writeFileSync(join(import.meta.dirname, 'verdicts.json'), `${JSON.stringify(table)}\n`);
} finally {
  rmSync(home, { recursive: true, force: true });
}
