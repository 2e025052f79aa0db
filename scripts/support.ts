import { readdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { disagreements, olderDisagreements } from './support/check.ts';
import { recordOf, type SupportRecord } from './support/record.ts';
import { type JestReport, resultsOf, worldsOf } from './support/results.ts';
import { rows } from './support/rows.ts';
import { type OlderRecords, render, withTable } from './support/table.ts';

/**
 * `npm run support -- [--check] [--release NAME] REPORT… WORLDS.jsonl`: what docs/support.md says, from what the scenarios
 * on the real cloud said. A REPORT is jest's (`--json --outputFile`), WORLDS is what the tests wrote to `$WORLDS_SEEN` in
 * the same run.
 *
 * Writes docs/support.json, all of it from these reports, and the tables of docs/support.md from that. With `--check`
 * nothing is written, and every disagreement of page, record and this run (`$CI_RUN`) is an error. `.ci/run` leaves what
 * both need in the folder that `$CI_OUT` names. With `--release` it is docs/support-NAME.json, for the column of an older
 * release, and only that one is compared with the run.
 */
const page = 'docs/support.md';
const recordFile = (name?: string) => `docs/support${name === undefined ? '' : `-${name}`}.json`;
const readJson = async <T>(path: string) => JSON.parse(await readFile(path, 'utf8')) as T;

const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false }, release: { type: 'string' } },
  allowPositionals: true,
});
const worlds = positionals.filter((name) => name.endsWith('.jsonl'));
const reports = positionals.filter((name) => !name.endsWith('.jsonl'));
if (worlds.length !== 1 || reports.length === 0)
  throw new Error('usage: npm run support -- [--check] [--release NAME] REPORT.json… WORLDS.jsonl');

const results = resultsOf(
  await Promise.all(reports.map((name) => readJson<JestReport>(name))),
  worldsOf(await readFile(worlds[0] ?? '', 'utf8')),
);
const text = await readFile(page, 'utf8');
const { check, release } = values;
if (check) {
  const record = await readJson<SupportRecord>(recordFile());
  const checked = { page: text, record, older: await olderRecords(), rows, results };
  const run = process.env['CI_RUN'] ?? '';
  const found =
    release === undefined
      ? disagreements({ ...checked, run })
      : olderDisagreements({ ...checked, run }, release);
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  const made = recordOf(results, new Date());
  await writeFile(recordFile(release), `${JSON.stringify(made, undefined, 2)}\n`);
  const record = release === undefined ? made : await readJson<SupportRecord>(recordFile());
  await writeFile(page, withTable(text, render(rows, record, await olderRecords())));
}

/** The newest first. */
async function olderRecords(): Promise<OlderRecords> {
  const names = (await readdir('docs')).flatMap((file) => /^support-(.+)\.json$/.exec(file)?.[1] ?? []);
  const records = names
    .sort()
    .reverse()
    .map(async (name) => [name, await readJson<SupportRecord>(recordFile(name))] as const);
  return Object.fromEntries(await Promise.all(records));
}
