import { strlen } from 'cli-table3/src/utils.js';
import { stringify as csv } from 'csv-stringify/sync';
import { stringify as yaml } from 'yaml';
import { forLog, forMarkdown } from './escape.ts';

export type Format = 'table' | 'value' | 'csv' | 'json' | 'yaml';

export interface Column<Row> {
  readonly name: string;
  /** For programs. */
  readonly value: (row: Row) => string | number | undefined;
  /** For people, if that differs. */
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
        // Spreadsheets take a cell that begins like this for a formula:
        // https://owasp.org/www-community/attacks/CSV_Injection
        escape_formulas: true,
      });
    case 'json':
      return `${JSON.stringify(records(rows, columns), undefined, 2)}\n`;
    case 'yaml':
      return yaml(records(rows, columns));
  }
}

/**
 * The columns that a table can have in this width: all that say something, less as many of the `spare` ones as it takes,
 * the first ones first.
 *
 * @param width in terminal columns
 * @param spare names
 */
export function fitting<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
  spare: readonly string[],
): readonly Column<Row>[] {
  const widths = new Map(columns.map((column) => [column, widest(rows, column)]));
  const filled = columns.filter((column) => rows.length === 0 || (widths.get(column) ?? 0) > 0);
  const across = (all: readonly Column<Row>[]) =>
    all.reduce((sum, column) => sum + Math.max(widths.get(column) ?? 0, widthOf(column.name)) + 3, 1);
  let left = filled;
  for (const name of spare) {
    if (across(left) <= width) break;
    left = left.filter((column) => column.name !== name);
  }
  return left;
}

function widest<Row>(rows: readonly Row[], column: Column<Row>): number {
  return rows.reduce((most, row) => Math.max(most, widthOf(forLog(shownIn(column, row)))), 0);
}

/** A column of a page: plain text, or Markdown. */
export type PageColumn<Row> =
  | Column<Row>
  | { readonly name: string; readonly markdown: (row: Row) => string };

/** Rows as a Markdown table: two lines for its head, then one per row. */
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

/** Draws this many rows at a time, so that the memory for one batch is free before the next needs more. */
const AT_ONCE = 500;

/** The table as openstackclient draws it. Not by cli-table3, whose layout takes minutes for a large project. */
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

/** Width in terminal columns. Nearly all of up to 100,000 cells are plain ASCII, which needs no library. */
function widthOf(text: string): number {
  return /^[ -~]*$/.test(text) ? text.length : strlen(text);
}
