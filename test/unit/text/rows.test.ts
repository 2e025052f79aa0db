import { expect, test } from '@jest/globals';
import { markdownRows } from '../../../src/text/rows.ts';

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
