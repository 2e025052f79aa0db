import type { SupportRecord } from './record.ts';
import type { Row } from './rows.ts';

export const START = '<!-- rows: made by npm run support -->';
export const END = '<!-- end of rows -->';

/** All between the marks: the procedures, then whatever else was tried on the real cloud, so that nothing is left out. */
export function render(rows: readonly Row[], record: SupportRecord): string {
  const { run, day, release, seconds } = record;
  const ofRows = new Set(rows.map(({ scenario }) => scenario));
  const others = Object.keys(seconds).filter((scenario) => !ofRows.has(scenario));
  return [
    START,
    `The times are of one run (${run}, ${day}, ${release}). Each run of \`.ci/run\` fails unless all of this holds for it too,`,
    'in times of the same size.',
    '',
    '| procedure of the guide | how | scenario | on the real cloud |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      (row) => `| ${row.procedure} | ${row.how} | ${cell(row.scenario)} | ${timeOf(row, seconds)} |`,
    ),
    '',
    '| what else is tried there | on the real cloud |',
    '| --- | --- |',
    ...others.map((scenario) => `| ${cell(scenario)} | ${seconds[scenario]} s |`),
    END,
  ].join('\n');
}

function timeOf({ scenario, embeddedOnly }: Row, seconds: SupportRecord['seconds']): string {
  if (embeddedOnly) return 'embedded only';
  const time = seconds[scenario];
  return time === undefined ? 'not yet' : `${time} s`;
}

const cell = (text: string) => text.replaceAll('|', '\\|');

/** The page with its marked part replaced. */
export function withTable(page: string, table: string): string {
  const from = page.indexOf(START);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`docs/support.md has no ${START} … ${END}`);
  return page.slice(0, from) + table + page.slice(to + END.length);
}
