import type { SupportRecord } from './record.ts';
import type { Row } from './rows.ts';

export const START = '<!-- rows: made by npm run support -->';
export const END = '<!-- end of rows -->';

/** Older releases by their name, "2024.1": what was seen of each. */
export type OlderRecords = Readonly<Record<string, SupportRecord>>;

/**
 * All between the marks: the procedures, then whatever else was tried on the real cloud, so that nothing is left out.
 * A column each for the newest release and the older ones.
 */
export function render(rows: readonly Row[], record: SupportRecord, older: OlderRecords = {}): string {
  const { run, day, release } = record;
  const ofRows = new Set(rows.flatMap(({ scenario, part = scenario }) => [scenario, part]));
  const records = [record, ...Object.values(older)];
  const tried = new Set(records.flatMap(({ seconds }) => Object.keys(seconds)));
  const names = ['on the real cloud', ...Object.keys(older)];
  return [
    START,
    `The times are of one run (${run}, ${day}, ${release}). Each run of \`.ci/run\` fails unless all of this holds for it too,`,
    'in times of the same size.',
    ...Object.entries(older).map(
      ([name, { day, release }]) => `Those of release ${name} are of ${day} (${release}).`,
    ),
    '',
    `| procedure of the guide | how | scenario | ${names.join(' | ')} |`,
    `| --- | --- | --- |${' --- |'.repeat(names.length)}`,
    ...rows.map((row) => {
      const times = records.map((one, at) => timeOf(row, one, at > 0));
      return `| ${row.procedure} | ${row.how} | ${cell(row.scenario)} | ${times.join(' | ')} |`;
    }),
    '',
    `| what else is tried there | ${names.join(' | ')} |`,
    `| --- |${' --- |'.repeat(names.length)}`,
    ...[...tried]
      .filter((scenario) => !ofRows.has(scenario))
      .map((scenario) => {
        const times = records.map((one, at) => timeOf({ scenario }, one, at > 0));
        return `| ${cell(scenario)} | ${times.join(' | ')} |`;
      }),
    END,
  ].join('\n');
}

function timeOf(
  { scenario, part = scenario, embeddedOnly }: Pick<Row, 'scenario' | 'part' | 'embeddedOnly'>,
  { seconds }: SupportRecord,
  older: boolean,
): string {
  const time = seconds[scenario];
  if (time !== undefined && !embeddedOnly) return `${time} s`;
  if (older && seconds[part] !== undefined) return `a part of it, ${seconds[part]} s`;
  if (older) return 'not tried';
  return embeddedOnly ? 'embedded only' : 'not yet';
}

const cell = (text: string) => text.replaceAll('|', '\\|');

/** The page with its marked part replaced. */
export function withTable(page: string, table: string): string {
  const from = page.indexOf(START);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`docs/support.md has no ${START} … ${END}`);
  return page.slice(0, from) + table + page.slice(to + END.length);
}
