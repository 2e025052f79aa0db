import Table from 'cli-table3';
import { stringify as csv } from 'csv-stringify/sync';
import { stringify as yaml } from 'yaml';
import { forLog } from './escape.ts';

export type Format = 'table' | 'value' | 'csv' | 'json' | 'yaml';

export interface Column<Row> {
  readonly name: string;
  /** As a program reads it. */
  readonly value: (row: Row) => string | number | undefined;
  /** As a person does, where that differs. */
  readonly shown?: (row: Row) => string;
}

/** Rows in the formats of openstackclient. Ends with a line feed. */
export function formatRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  format: Format,
): string {
  const names = columns.map(({ name }) => name);
  switch (format) {
    case 'table':
      return tableOf(
        names,
        rows.map((row) => columns.map((column) => forLog(shownIn(column, row)))),
      );
    case 'value':
      return rows
        .map((row) => `${columns.map((column) => forLog(String(column.value(row) ?? ''))).join(' ')}\n`)
        .join('');
    case 'csv':
      return csv([names, ...rows.map((row) => columns.map((column) => column.value(row) ?? ''))], {
        // A cell that begins so is a formula to spreadsheets: https://owasp.org/www-community/attacks/CSV_Injection
        escape_formulas: true,
      });
    case 'json':
      return `${JSON.stringify(records(rows, columns), undefined, 2)}\n`;
    case 'yaml':
      return yaml(records(rows, columns));
  }
}

function shownIn<Row>({ value, shown }: Column<Row>, row: Row): string {
  return shown === undefined ? String(value(row) ?? '') : shown(row);
}

function records<Row>(rows: readonly Row[], columns: readonly Column<Row>[]) {
  return rows.map((row) => Object.fromEntries(columns.map(({ name, value }) => [name, value(row) ?? null])));
}

/** As openstackclient draws them. */
const CORNERS = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left-mid',
  'mid',
  'mid-mid',
  'right-mid',
];

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    chars: {
      ...Object.fromEntries(CORNERS.map((place) => [place, /^(top|bottom|mid)$/.test(place) ? '-' : '+'])),
      left: '|',
      right: '|',
      middle: '|',
    },
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) table.push([...row]);
  return `${table.toString()}\n`;
}
