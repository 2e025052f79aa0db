import { groups, inTerminalWords } from '../../inputs/groups.ts';
import type { CommandTable, Input, Inputs } from '../../inputs/table.ts';
import { switches } from './arguments.ts';

/** The longest line: a terminal beside an editor is this wide. */
const WIDTH = 100;
/** No line is broken earlier: descriptions would be columns of words. */
const NARROWEST = 60;
/** Where descriptions start. */
const COLUMN = 28;

/** How wide a page is for a terminal of so many columns; undefined where nobody sees it. */
export function widthFor(columns: number | undefined): number {
  return Math.max(NARROWEST, Math.min(WIDTH, columns ?? WIDTH));
}

/** `openstack-backup --help`. */
export function overview(commands: readonly Pick<CommandTable, 'name' | 'summary'>[], width = WIDTH): string {
  const all = [
    ...commands,
    { name: 'completion', summary: 'Print the completion script for bash, zsh or fish.' },
    { name: 'help', summary: 'Show the help of a command.' },
  ];
  return [
    'Usage: openstack-backup COMMAND [OPTION]...',
    '',
    ...wrapped('Back up what you own in an OpenStack project, and restore it.', 0, width),
    '',
    'Commands:',
    ...all.flatMap(({ name, summary }) => entry(name, inTerminalWords(summary, {}), width)),
    '',
    'Options:',
    ...entry('--version', 'Show the version.', width),
    ...entry(
      '-h, --help',
      'Show this help, or the help of a command: openstack-backup COMMAND --help.',
      width,
    ),
    '',
    'Examples:',
    ...exampleLines(
      [
        {
          does: 'Show what a backup of every volume would do',
          words: 'backup-volume --volumes all --dry-run',
        },
        { does: 'Show how to restore a server', words: 'help restore-server' },
        { does: 'Turn on completion in this shell (bash)', words: '', line: COMPLETE },
      ],
      width,
    ),
    '',
    'Exit status:',
    ...entry('0', 'Everything succeeded.', width),
    ...entry('1', 'Something failed. What succeeded is recorded.', width),
    ...entry('2', 'The input is wrong. Nothing was changed.', width),
    ...entry('130, 143', 'The run was stopped by Ctrl-C (SIGINT) or SIGTERM.', width),
    '',
  ].join('\n');
}

/** `openstack-backup plan --help`: the commands with this first word. */
export function groupOf(
  first: string,
  commands: readonly Pick<CommandTable, 'name' | 'summary'>[],
  width = WIDTH,
): string {
  return [
    `Usage: openstack-backup ${first} COMMAND [OPTION]...`,
    '',
    'Commands:',
    ...commands
      .filter(({ name }) => name.startsWith(`${first} `))
      .flatMap(({ name, summary }) => entry(name, inTerminalWords(summary, {}), width)),
    '',
    'Options:',
    ...entry(
      '-h, --help',
      `Show this help, or the help of a command: openstack-backup ${first} COMMAND --help.`,
      width,
    ),
    '',
  ].join('\n');
}

const COMPLETE = 'eval "$(openstack-backup completion bash)"';

/** `openstack-backup COMMAND --help`. */
export function helpOf(command: CommandTable, width = WIDTH): string {
  return [
    `Usage: openstack-backup ${command.name}${bareWord(command)} [OPTION]...`,
    '',
    ...wrapped(inTerminalWords(command.summary, command.inputs), 0, width),
    ...Object.entries(groups).flatMap(([title, names]) => groupLines(title, names, command.inputs, width)),
    '',
    'Output:',
    ...Object.entries(switches)
      .filter(([name]) => name !== 'version')
      .flatMap(([name, does]) => entry(name === 'help' ? '-h, --help' : `--${name}`, does, width)),
    '',
    'Results, with --json:',
    ...Object.entries(command.outputs).flatMap(([name, { description }]) =>
      entry(
        name,
        plain(description, command.inputs).replace(/^JSON: (.)/, (_, first: string) => first.toUpperCase()),
        width,
      ),
    ),
    '',
    'Examples:',
    ...exampleLines(command.examples, width),
    ...(hasSecrets(command.inputs)
      ? [
          '',
          ...wrapped(
            'SECRET is env:NAME, file:PATH, or - for standard input: never the value itself.',
            0,
            width,
          ),
        ]
      : []),
    '',
  ].join('\n');
}

function bareWord({ bare, inputs }: CommandTable): string {
  const input = bare === undefined ? undefined : inputs[bare];
  return input === undefined ? '' : ` [${input.placeholder}]`;
}

function hasSecrets(inputs: Inputs): boolean {
  return Object.values(inputs).some(({ secret, placeholder }) => secret === true || placeholder === 'SECRET');
}

function exampleLines(
  all: readonly { readonly does: string; readonly words: string; readonly line?: string }[],
  width: number,
): string[] {
  return all.flatMap(({ does, words, line }, at) => [
    ...(at === 0 ? [] : ['']),
    ...wrapped(`${does}:`, 2, width),
    ...continued(line ?? `openstack-backup ${words}`, width),
  ]);
}

/** Breaks a long command before an option, so that a shell still takes it. */
function continued(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '    ';
  for (const part of line.split(/ (?=--)/)) {
    if (current.trim() !== '' && current.length + part.length + 3 > width) {
      lines.push(`${current} \\`);
      current = '      ';
    }
    current += `${current.trim() === '' ? '' : ' '}${part}`;
  }
  return [...lines, current];
}

function groupLines(title: string, names: readonly string[], inputs: Inputs, width: number): string[] {
  const lines = names.flatMap((name) => {
    const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
    return input === undefined
      ? []
      : entry(`--${name}${placeholderOf(input)}`, described(input, inputs), width);
  });
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines];
}

function described(input: Input, inputs: Inputs): string {
  const notes = [
    ...(input.required === true ? ['Required.'] : []),
    ...(input.kind === 'list' ? ['May be given several times.'] : []),
    ...(input.kind === 'choice' ? [`One of: ${input.choices.join(', ')}.`] : []),
    ...(input.kind === 'integer' ? [`From ${input.min} to ${input.max}.`] : []),
    ...(input.default === undefined || input.kind === 'boolean' ? [] : [`Default: ${input.default}.`]),
  ];
  return [plain(input.description, inputs), ...notes].join(' ');
}

function placeholderOf(input: Input): string {
  if (input.secret === true) return ' SECRET';
  switch (input.kind) {
    case 'boolean':
      return '';
    case 'integer':
      return ' N';
    case 'choice':
      return ` ${input.placeholder ?? 'CHOICE'}`;
    default:
      return ` ${input.placeholder ?? 'TEXT'}`;
  }
}

/** A term and its description, side by side if the term is short enough. */
function entry(term: string, text: string, width: number): string[] {
  const lines = wrapped(text, COLUMN, width);
  const head = `  ${term}`;
  if (head.length + 2 > COLUMN) return [head, ...lines];
  const [first = '', ...rest] = lines;
  return [head + first.slice(head.length), ...rest];
}

function wrapped(text: string, indent: number, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line].map((each) => ' '.repeat(indent) + each);
}

/** Descriptions are Markdown, because the README has them too, and name inputs as a workflow does. */
function plain(markdown: string, inputs: Inputs): string {
  return inTerminalWords(markdown, inputs).replaceAll('`', '');
}
