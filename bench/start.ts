import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/**
 * `npm run bench:start`: what a user waits for before any work, and downloads for every job.
 *
 * Time is told beside bare node in the same run, and held only to the aim: it is too noisy for more. What makes the time
 * is held to the budget: the bytes of JavaScript that are loaded until a wrong input is refused, and the gzipped size of
 * `dist/`. More than a tenth above `bench/budget.json` fails, and a `dist/` above the aim. Who means it says `npm run bench:start -- --accept`.
 */
interface Figures {
  readonly gzippedBytes: number;
  readonly loadedBytes: Readonly<Record<string, number>>;
}

const AIM_MS = 60;
/** Every job downloads it. */
const AIM_BYTES = 1_000_000;
const ROUNDS = Number(process.env['ROUNDS'] ?? 31);
const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const budgetFile = join(import.meta.dirname, 'budget.json');

/** Wrong inputs, so that each ends as soon as it has read them. */
const ways = {
  terminal: {
    words: [join(dist, 'cli.js'), 'backup-volume', '--volumes', 'db', '--method', 'wrong'],
    env: {},
  },
  action: {
    words: [join(dist, 'backup-volume.js')],
    env: { INPUT_VOLUMES: 'db', INPUT_METHOD: 'wrong', GITHUB_ACTIONS: 'true', RUNNER_TEMP: tmpdir() },
  },
} as const;

/** Counts the bundle's files that are loaded, and says so at the end. */
const counter = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  import { statSync, writeSync } from 'node:fs';
  import { fileURLToPath } from 'node:url';
  let bytes = 0;
  registerHooks({
    load(url, context, next) {
      if (url.startsWith('file:')) bytes += statSync(fileURLToPath(url)).size;
      return next(url, context);
    },
  });
  process.on('exit', () => writeSync(2, '\\nloaded ' + bytes + '\\n'));
`)}`;

function start(words: readonly string[], env: Readonly<Record<string, string>>) {
  const begin = performance.now();
  const child = spawnSync(process.execPath, words, { env, encoding: 'utf8' });
  return { ms: performance.now() - begin, child };
}

function refused(way: keyof typeof ways, ...flags: readonly string[]) {
  const { ms, child } = start([...flags, ...ways[way].words], ways[way].env);
  const said = child.stderr + child.stdout;
  if (child.status === 0 || !said.includes('method') || !said.includes('use auto'))
    throw new Error(`${way}: the wrong input was not refused as one (exit ${child.status}):\n${said}`);
  return { ms, said };
}

const middle = (all: readonly number[]) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;

/** One after the other within a round, so that a busy moment meets all alike. */
function times() {
  const bare: number[] = [];
  const over: Record<keyof typeof ways, number[]> = { terminal: [], action: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(start(['-e', '0'], {}).ms);
    for (const way of names) over[way].push(refused(way).ms);
  }
  return { bare, over };
}

function measure(): Figures {
  const files = readdirSync(dist).toSorted();
  const gzippedBytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(dist, name))).length, 0);
  const loaded = (way: keyof typeof ways) =>
    Number(/\nloaded (\d+)/.exec(refused(way, '--import', counter).said)?.[1]);
  return { gzippedBytes, loadedBytes: Object.fromEntries(names.map((way) => [way, loaded(way)])) };
}

function* overBudget(now: Figures, budget: Figures): Generator<string> {
  const lines: [string, number, number | undefined][] = [
    ['gzipped size of dist/', now.gzippedBytes, budget.gzippedBytes],
    ...Object.entries(now.loadedBytes).map(([way, bytes]): [string, number, number | undefined] => [
      `loaded until the refusal, ${way}`,
      bytes,
      budget.loadedBytes[way],
    ]),
  ];
  for (const [what, bytes, allowed] of lines) {
    const change = allowed === undefined ? 'no budget' : `budget ${allowed}, ${percent(bytes / allowed - 1)}`;
    say(`${what}: ${bytes} bytes (${change})`);
    if (allowed === undefined || !(bytes <= allowed * 1.1))
      yield `${what} is more than a tenth above the budget`;
  }
  if (now.gzippedBytes > AIM_BYTES)
    yield `dist/ is ${now.gzippedBytes} bytes gzipped, and the aim is ${AIM_BYTES}`;
}

const percent = (share: number) => `${share < 0 ? '' : '+'}${(share * 100).toFixed(1)} %`;
const say = (line: string) => process.stdout.write(`${line}\n`);

const names = Object.keys(ways) as (keyof typeof ways)[];
const { bare, over } = times();
const best = Math.min(...bare);
say(`bare node: ${middle(bare).toFixed(0)} ms (best ${best.toFixed(0)}), median of ${ROUNDS}`);
const problems: string[] = [];
for (const way of names) {
  const above = Math.min(...over[way]) - best;
  say(
    `${way}, to a refused input: ${middle(over[way]).toFixed(0)} ms (best ${Math.min(...over[way]).toFixed(0)}: bare node + ${above.toFixed(0)} ms, aim ${AIM_MS})`,
  );
  // The best of many: the rest is what else the machine did.
  if (above > AIM_MS)
    problems.push(`${way} starts ${above.toFixed(0)} ms after bare node, the aim is ${AIM_MS}`);
}
const now = measure();
if (process.argv.includes('--accept')) writeFileSync(budgetFile, `${JSON.stringify(now, undefined, 2)}\n`);
problems.push(...overBudget(now, JSON.parse(readFileSync(budgetFile, 'utf8')) as Figures));
for (const problem of problems) say(`FAIL: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
