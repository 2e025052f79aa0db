import type { CommandTable, Input } from '../../inputs/table.ts';

/** `openstack-backup --help`. */
export function overview(commands: readonly { readonly name: string; readonly summary: string }[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Usage: openstack-backup <action> [--input value]... [--json] [--dry-run]',
    '',
    'Backs up what an OpenStack user owns, and brings it back.',
    '',
    'Actions:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'openstack-backup <action> --help shows its inputs.',
    'Exit: 0 all well, 1 something failed, 2 wrong input and nothing touched.',
    '',
  ].join('\n');
}

/** `openstack-backup <action> --help`. */
export function helpOf(command: CommandTable): string {
  return [
    `Usage: openstack-backup ${command.name} [--input value]... [--json] [--dry-run]`,
    '',
    command.summary,
    '',
    'Inputs:',
    ...Object.entries(command.inputs).flatMap(([name, input]) => inputLines(name, input)),
    '  --json',
    '      Print the outputs as one JSON object on standard output.',
    '  --dry-run',
    '      Check everything, say what would be done, and stop.',
    '  --verbose',
    '      Show each request to the cloud.',
    '',
    'Outputs (with --json):',
    ...Object.entries(command.outputs).flatMap(([name, { description }]) => [
      `  ${name}`,
      `      ${plain(description)}`,
    ]),
    '',
  ].join('\n');
}

function inputLines(name: string, input: Input): string[] {
  const value = input.secret === true ? ' env:NAME|file:PATH|-' : placeholderOf(input);
  const notes = [
    ...(input.required === true ? ['required'] : []),
    ...(input.kind === 'list' ? ['may be given several times'] : []),
    ...(input.default === undefined || input.kind === 'boolean' ? [] : [`default: ${input.default}`]),
  ];
  return [
    `  --${name}${value}`,
    `      ${plain(input.description)}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`,
  ];
}

function placeholderOf(input: Input): string {
  switch (input.kind) {
    case 'boolean':
      return '';
    case 'choice':
      return ` ${input.choices.join('|')}`;
    case 'integer':
      return ' N';
    default:
      return ` ${input.placeholder ?? 'TEXT'}`;
  }
}

/** Descriptions are Markdown, for the README too. */
function plain(markdown: string): string {
  return markdown.replaceAll('`', '');
}
