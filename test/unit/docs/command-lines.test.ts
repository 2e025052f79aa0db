import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { commands } from '../../../src/commands/index.ts';
import { commandAmong, parseArguments } from '../../../src/host/terminal/arguments.ts';
import { parseInputs } from '../../../src/inputs/table.ts';

/** Every command line that people copy from the papers is one that the program takes. */
const root = join(import.meta.dirname, '../../..');
const papers = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) =>
      /^(worst-day|one-file-back|plan|first-hour|retention-and-quota|knowing-that-it-works)\.md$/.test(name),
    )
    .map((name) => `docs/${name}`),
];

const lines = papers.flatMap((paper) =>
  [...readFileSync(join(root, paper), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => /^(?:npx )?openstack-backup (.*?)(?: +[#|].*)?$/.exec(line)?.[1])
    .filter((line) => line !== undefined)
    .map((line): [string, string] => [paper, line]),
);

/** As a shell does, for words and quotes; it has no values to put in. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, plain, quoted, bare]) => plain ?? quoted ?? bare ?? '',
  );
}

test('there are such lines', () => {
  expect(lines.length).toBeGreaterThan(12);
});

test.each(lines)('%s: openstack-backup %s', async (_paper, line) => {
  const { name = '', rest } = await commandAmong(wordsOf(line), async () => ({}), Object.keys(commands));
  const command = await commands[name]?.();
  expect(command?.name).toBe(name);
  if (command === undefined) return;
  const { raw } = parseArguments(rest, command.inputs, command.bare);
  expect(() => parseInputs(command.inputs, raw)).not.toThrow();
});
