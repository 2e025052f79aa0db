import { readFile, writeFile } from 'node:fs/promises';
import { disagreements } from './support/check.ts';
import { recordOf, type SupportRecord } from './support/record.ts';
import { type JestReport, resultsOf, worldsOf } from './support/results.ts';
import { rows } from './support/rows.ts';
import { render, withTable } from './support/table.ts';

/**
 * `npm run support -- [--check] REPORT… WORLDS.jsonl`: what docs/support.md says, from what the scenarios on the real
 * cloud said. A REPORT is jest's (`--json --outputFile`), WORLDS is what the tests wrote to `$WORLDS_SEEN` in the same run.
 *
 * Writes docs/support.json, all of it from these reports, and the tables of docs/support.md from that. With `--check`
 * nothing is written, and every disagreement of page, record and this run (`$CI_RUN`) is an error. `.ci/run` leaves what
 * both need in the folder that `$CI_OUT` names.
 */
const [page, json] = ['docs/support.md', 'docs/support.json'];

const files = process.argv.slice(2).filter((word) => word !== '--check');
const worlds = files.filter((name) => name.endsWith('.jsonl'));
const reports = files.filter((name) => !name.endsWith('.jsonl'));
if (worlds.length !== 1 || reports.length === 0)
  throw new Error('usage: npm run support -- [--check] REPORT.json… WORLDS.jsonl');

const results = resultsOf(
  await Promise.all(reports.map(async (name) => JSON.parse(await readFile(name, 'utf8')) as JestReport)),
  worldsOf(await readFile(worlds[0] ?? '', 'utf8')),
);
const text = await readFile(page, 'utf8');
if (process.argv.includes('--check')) {
  const record = JSON.parse(await readFile(json, 'utf8')) as SupportRecord;
  const found = disagreements({ page: text, record, rows, results, run: process.env['CI_RUN'] ?? '' });
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
} else {
  const record = recordOf(results, new Date());
  await writeFile(json, `${JSON.stringify(record, undefined, 2)}\n`);
  await writeFile(page, withTable(text, render(rows, record)));
}
