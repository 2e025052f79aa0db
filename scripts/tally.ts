import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Counted, type Floors, failuresOf, passedOf } from './tally/count.ts';

/**
 * `node scripts/tally.ts PROJECT REPORT`: what a run of jest (`--json`) is worth. Prints "PASSED FAILED", and on stderr
 * what makes it fail that jest lets pass: skipped tests, tests that assert nothing, fewer tests than test/floors.json.
 */
const [project = '', report = ''] = process.argv.slice(2);
const floors = JSON.parse(await readFile(join(import.meta.dirname, '../test/floors.json'), 'utf8')) as Floors;
const counted = JSON.parse(await readFile(report, 'utf8').catch(() => '{}')) as Partial<Counted>;
const failures = failuresOf(counted, floors[project]);
for (const line of failures) process.stderr.write(`${project}: ${line}\n`);
process.stdout.write(`${passedOf(counted)} ${failures.length}\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
