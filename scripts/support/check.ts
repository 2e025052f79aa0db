import type { SupportRecord } from './record.ts';
import type { Result } from './results.ts';
import type { Row } from './rows.ts';
import { type OlderRecords, render, withTable } from './table.ts';

export interface Checked {
  readonly page: string;
  readonly record: SupportRecord;
  readonly older?: OlderRecords | undefined;
  readonly rows: readonly Row[];
  /** What ran in this very run, and where. */
  readonly results: readonly Result[];
  /** What this run calls itself. */
  readonly run: string;
}

/** Machines differ by three, and have moods; what took longer than this does not take as long as the page says. */
const FACTOR = 6;
/** A record that was made beside other work says more than a quiet machine takes. */
const LESS = 2 * FACTOR;
/** Seconds that any scenario may take more, so that a short one need not be exact. */
const GRACE = 20;

/** Everything in which the page, its record and this run disagree: nothing when the page is true. */
export function disagreements({ page, record, older, rows, results, run }: Checked): string[] {
  const found = stale({ page, record, older, rows, run });
  const ours = results.filter((result) => result.run === run);
  const real = ours.filter(({ kind }) => kind === 'real');
  const embedded = ours.filter(({ kind }) => kind === 'embedded');
  if (real.length === 0) found.push(`nothing of run ${run || '(without a name)'} ran on the real cloud`);
  for (const { scenario, embeddedOnly } of rows) {
    found.push(...notPassed(scenario, embeddedOnly ? embedded : real, embeddedOnly ? 'embedded' : 'real'));
    if (embeddedOnly && real.some((result) => result.scenario === scenario))
      found.push(`"${scenario}" runs on the real cloud, but its row says "embedded only"`);
    if (!embeddedOnly && record.seconds[scenario] === undefined)
      found.push(`the row of "${scenario}" has no time`);
  }
  found.push(...unlikeRecord(real, record));
  return [...new Set(found)];
}

/**
 * The same for a run on an older release, of which only a part may be tried: what ran there has passed, in times like
 * those of its record. That none is missing is what test/floors.json sees to.
 */
export function olderDisagreements(checked: Checked, name: string): string[] {
  const found = stale(checked);
  const { results, run, older = {} } = checked;
  const real = results.filter((result) => result.run === run && result.kind === 'real');
  const record = older[name];
  if (real.length === 0) found.push(`nothing of run ${run || '(without a name)'} ran on release ${name}`);
  if (record === undefined) found.push(`docs/support-${name}.json is not there`);
  for (const result of real) {
    found.push(...notPassed(result.scenario, real, name));
    if (record !== undefined) found.push(...otherwise(result, record));
  }
  return [...new Set(found)];
}

function stale({ page, record, older, rows, run }: Omit<Checked, 'results'>): string[] {
  return [
    ...(withTable(page, render(rows, record, older)) === page
      ? []
      : ['docs/support.md is not what docs/support.json says: npm run support -- REPORTS']),
    ...(run === '' ? ['the run has no name: set CI_RUN, as .ci/run does'] : []),
  ];
}

function unlikeRecord(real: readonly Result[], record: SupportRecord): string[] {
  return [
    ...real.flatMap((result) => [...otherwise(result, record)]),
    ...Object.keys(record.seconds).flatMap((scenario) => notPassed(scenario, real, 'real')),
  ];
}

function notPassed(scenario: string, results: readonly Result[], cloud: string): string[] {
  const mine = results.filter((result) => result.scenario === scenario);
  if (mine.length === 0) return [`"${scenario}" did not run on the ${cloud} cloud`];
  return mine.every(({ passed }) => passed) ? [] : [`"${scenario}" failed on the ${cloud} cloud`];
}

function* otherwise({ scenario, seconds, release }: Result, record: SupportRecord): Generator<string> {
  const told = record.seconds[scenario];
  if (release !== record.release)
    yield `this cloud is ${release}, docs/support.md speaks of ${record.release}`;
  // What came since the record was made; that every row has its time is looked at above.
  if (told === undefined) return;
  if (seconds > told * FACTOR + GRACE || told > seconds * LESS + GRACE)
    yield `"${scenario}" took ${seconds} s, docs/support.md says ${told} s`;
}
