import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mutations } from './list/index.ts';
import { type Mutation, sampleOf, staleOf } from './mutation.ts';
import { testsOf } from './tests-of.ts';
import { Tree, type Verdict } from './tree.ts';

/**
 * `npm run test:mutations -- [--sample N] [--seed N] [--only WORD] [--jobs N] [--wide] [--check]`: plants known mistakes,
 * one at a time, in a copy of this checkout, and says which test catches each. Fails where one is not caught that is not
 * known as open, or can no longer be planted, or a test fails without any. `--only` takes the start of an id; `--wide`
 * tries what survives on all unit tests, to find those that tests-of.ts lacks; `--check` plants nothing.
 */
const { values } = parseArgs({
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', multiple: true },
    jobs: { type: 'string', default: '2' },
    wide: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
  },
});

const root = join(import.meta.dirname, '../..');
const say = (line: string) => process.stdout.write(`${line}\n`);

const source = (file: string) => {
  const path = join(root, 'src', file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
};
const stale = [...staleOf(mutations, source)];
for (const line of stale) say(`STALE ${line}`);

if (!values.check) {
  const live = mutations.filter(
    ({ id, equivalent }) =>
      equivalent === undefined &&
      !stale.some((line) => line.startsWith(`${id}:`)) &&
      (values.only?.some((word) => id.startsWith(word)) ?? true),
  );
  const wanted =
    values.sample === undefined ? live : sampleOf(live, Number(values.sample), Number(values.seed));
  const began = Date.now();
  const verdicts = await judgeAll(wanted, Number(values.jobs));
  const survived = verdicts.filter(({ verdict }) => verdict.outcome === 'survived');
  for (const { mutation } of survived)
    say(
      mutation.open === undefined
        ? `SURVIVED ${mutation.id}: ${mutation.what}`
        : `OPEN ${mutation.id}: ${mutation.what} (${mutation.open})`,
    );
  const share = wanted.length === 0 ? 0 : 1 - survived.length / wanted.length;
  const of = values.sample === undefined ? '' : ` of ${live.length}, seed ${values.seed}`;
  const seconds = Math.round((Date.now() - began) / 1000);
  say(
    `${wanted.length - survived.length} of ${wanted.length} mistakes caught${of}: ${(share * 100).toFixed(1)} % in ${seconds} s`,
  );
  if (survived.some(({ mutation }) => mutation.open === undefined)) process.exitCode = 1;
}
say(
  `${mutations.length} in the list, ${mutations.filter((one) => one.equivalent).length} of them change nothing, ${mutations.filter((one) => one.open).length} are open`,
);
if (stale.length > 0) process.exitCode = 1;

async function judgeAll(wanted: readonly Mutation[], jobs: number) {
  const verdicts: { mutation: Mutation; verdict: Verdict }[] = [];
  const waiting = [...wanted];
  const worker = async (tree: Tree) => {
    for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
      const started = Date.now();
      const verdict = await tree.judge(mutation, testsFor(mutation));
      verdicts.push({ mutation, verdict });
      const { outcome, by = '' } = verdict;
      say(`${outcome.padEnd(8)} ${secondsSince(started)} s  ${mutation.id}${by && `: ${by}`}`);
      if (values.wide && outcome === 'survived') {
        const { by: other = 'none' } = await tree.judge(mutation, everyUnitTest());
        say(`${' '.repeat(20)}by all unit tests: ${other}`);
      }
    }
  };
  using trees = new DisposableStack();
  const own = Array.from({ length: Math.min(jobs, wanted.length) }, () => trees.use(new Tree(root)));
  await own[0]?.mustPass([...new Set(wanted.flatMap(testsFor))]);
  await Promise.all(own.map(worker));
  return verdicts;
}

function testsFor({ tests, file }: Mutation): readonly string[] {
  return tests ?? testsOf(file);
}

function everyUnitTest(): string[] {
  const names = readdirSync(join(root, 'test/unit'), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.test.ts')).map((name) => `unit/${name}`);
}

function secondsSince(started: number): string {
  return ((Date.now() - started) / 1000).toFixed(1).padStart(6);
}
