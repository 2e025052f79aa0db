import { expect, test } from '@jest/globals';
import { fitting, formatRows, markdownRows } from '../../../src/text/rows.ts';

const row = { name: 'a|b\n| c |', size: 3, id: undefined };

test('a table of Markdown has a line for each row, whatever its cells hold', () => {
  const lines = markdownRows(
    [row, row],
    [
      { name: 'name', value: ({ name }) => name },
      { name: 'size', value: ({ size }) => size, shown: ({ size }) => `${size} GiB` },
      { name: 'id', value: ({ id }) => id },
      { name: 'end', markdown: () => '**failed**' },
    ],
  );
  const line = '| a&#124;b&#92;n&#124; c &#124; | 3 GiB |  | **failed** |';
  expect(lines).toEqual(['| name | size | id | end |', '|---|---|---|---|', line, line]);
});

test('a narrow table leaves out what is empty, then what can be spared, in that order', () => {
  const columns = ['time', 'size', 'note', 'place'].map((name) => ({
    name,
    value: (given: Record<string, string>) => given[name],
  }));
  const rows = [{ time: '2026-11-23', size: '1 GiB', place: 'a' }, { size: '10 GiB' }];
  const widthOf = (shown: typeof columns) => formatRows(rows, shown, 'table').indexOf('\n');
  const namesIn = (width: number) => {
    const left = fitting(rows, columns, width, ['place', 'size']) as typeof columns;
    return left.map(({ name }) => name);
  };
  const all = widthOf(columns.filter(({ name }) => name !== 'note'));
  expect(namesIn(all)).toEqual(['time', 'size', 'place']);
  expect(namesIn(all - 1)).toEqual(['time', 'size']);
  expect(namesIn(1)).toEqual(['time']);
  expect(fitting([], columns, 200, [])).toEqual(columns);
});
