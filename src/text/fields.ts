import { stringify as yaml } from 'yaml';
import { formatRows } from './rows.ts';

export type FieldsFormat = 'table' | 'value' | 'json' | 'yaml';

/** A field of one thing; a list is shown one item per line. */
export interface Field {
  readonly name: string;
  /** For programs. */
  readonly value: string | number | undefined | readonly string[];
  /** For people, if that differs. */
  readonly shown?: string | readonly string[];
}

/** One thing in the formats of openstackclient's `show`. Ends with a line feed. */
export function formatFields(fields: readonly Field[], format: FieldsFormat): string {
  const record = () => Object.fromEntries(fields.map(({ name, value }) => [name, value ?? null]));
  switch (format) {
    case 'json':
      return `${JSON.stringify(record(), undefined, 2)}\n`;
    case 'yaml':
      return yaml(record());
    case 'table':
      return lines(fields, ({ value, shown }) => shown ?? value, 'table');
    case 'value':
      return lines(fields, ({ value }) => value, 'value');
  }
}

interface Line {
  readonly field: string;
  readonly text: string;
}

function lines(
  fields: readonly Field[],
  textOf: (field: Field) => Field['value'],
  format: 'table' | 'value',
): string {
  const rows = fields.flatMap((field): Line[] => {
    const text = textOf(field) ?? '';
    const each = Array.isArray(text) ? (text as readonly string[]) : [String(text)];
    return (each.length === 0 ? [''] : each).map((line, at) => ({
      field: at === 0 ? field.name : '',
      text: line,
    }));
  });
  const value = { name: 'Value', value: ({ text }: Line) => text };
  return formatRows(
    rows,
    format === 'table' ? [{ name: 'Field', value: ({ field }: Line) => field }, value] : [value],
    format,
  );
}
