import { strlen } from 'cli-table3/src/utils.js';
import { stringify as csv } from 'csv-stringify/sync';
import { stringify as yaml } from 'yaml';
import { forLog, forMarkdown } from './escape.ts';

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
      return tableOf(names, rows, (row) => columns.map((column) => forLog(shownIn(column, row))));
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

/** A column of a page: text, or what is Markdown already. */
export type PageColumn<Row> =
  | Column<Row>
  | { readonly name: string; readonly markdown: (row: Row) => string };

/** Rows as a table of Markdown: two lines of its head, then one a row. */
export function markdownRows<Row>(rows: readonly Row[], columns: readonly PageColumn<Row>[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(columns.map(({ name }) => forMarkdown(name))),
    `|${'---|'.repeat(columns.length)}`,
    ...rows.map((row) =>
      line(
        columns.map((column) =>
          'markdown' in column ? column.markdown(row) : forMarkdown(shownIn(column, row)),
        ),
      ),
    ),
  ];
}

function shownIn<Row>({ value, shown }: Column<Row>, row: Row): string {
  return shown === undefined ? String(value(row) ?? '') : shown(row);
}

function records<Row>(rows: readonly Row[], columns: readonly Column<Row>[]) {
  return rows.map((row) => Object.fromEntries(columns.map(({ name, value }) => [name, value(row) ?? null])));
}

/** So many rows are drawn at a time: what one takes meanwhile is gone before it counts. */
const AT_ONCE = 500;

/** As openstackclient draws it. Not by cli-table3, whose layout takes minutes for the points of a large project. */
function tableOf<Row>(
  head: readonly string[],
  rows: readonly Row[],
  cellsOf: (row: Row) => readonly string[],
): string {
  const widths = head.map(widthOf);
  for (const row of rows)
    cellsOf(row).forEach((text, at) => {
      widths[at] = Math.max(widths[at] ?? 0, widthOf(text));
    });
  const line = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+\n`;
  const drawn = (cells: readonly string[]) =>
    `|${cells.map((text, at) => ` ${text}${' '.repeat((widths[at] ?? 0) - widthOf(text))} `).join('|')}|\n`;
  const parts: string[] = [];
  for (let at = 0; at < rows.length; at += AT_ONCE)
    parts.push(
      rows
        .slice(at, at + AT_ONCE)
        .map((row) => drawn(cellsOf(row)))
        .join(''),
    );
  return [line, drawn(head), line, ...parts, rows.length > 0 ? line : ''].join('');
}

/** Columns of a terminal. Nearly every cell is plain, and there are 100,000 of them. */
function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : strlen(text);
}
