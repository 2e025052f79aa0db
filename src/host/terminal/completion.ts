import { InputError } from '../../errors.ts';
import { inTerminalWords } from '../../inputs/groups.ts';
import type { CommandTable, Input, Inputs } from '../../inputs/table.ts';
import { switches } from './arguments.ts';

/** What one option of one command completes to. */
interface Option {
  readonly name: string;
  readonly does: string;
  /** Whether a value follows. */
  readonly takesValue: boolean;
  /** All values; undefined for any. */
  readonly choices: readonly string[] | undefined;
}

interface Entry {
  readonly name: string;
  readonly does: string;
  readonly options: readonly Option[];
  /** Words that may follow, such as a shell. */
  readonly words: readonly string[];
}

const writers: Readonly<Record<string, (entries: readonly Entry[]) => string>> = { bash, zsh, fish };

export const shells: readonly string[] = Object.keys(writers);

/**
 * The shell script that completes commands, options and the values of choices.
 *
 * @throws InputError for an unsupported shell
 */
export function completionOf(shell: string | undefined, commands: readonly CommandTable[]): string {
  const writer = shell !== undefined && Object.hasOwn(writers, shell) ? writers[shell] : undefined;
  if (writer === undefined)
    throw new InputError(
      shell === undefined ? 'no shell given' : 'unsupported shell',
      `Write openstack-backup completion ${shells.join('|')}.`,
    );
  const names = [...new Set(commands.map(({ name }) => firstOf(name))), 'completion'];
  return writer([
    ...groupsOf(commands),
    ...commands.map(
      ({ name, summary, inputs }): Entry => ({
        name,
        does: firstSentence(summary, inputs),
        options: [
          ...Object.entries(inputs).map(([key, input]) => optionOf(key, input, inputs)),
          ...Object.entries(switches).map(
            ([key, does]): Option => ({
              name: `--${key}`,
              does: firstSentence(does, inputs),
              takesValue: false,
              choices: undefined,
            }),
          ),
        ],
        words: [],
      }),
    ),
    { name: 'completion', does: 'Print the completion script for a shell.', options: [], words: shells },
    { name: 'help', does: 'Show the help of a command.', options: [], words: names },
  ]);
}

function firstOf(name: string): string {
  return name.split(' ')[0] ?? '';
}

/** The first words of two-word commands, each with its second words. */
function groupsOf(commands: readonly CommandTable[]): Entry[] {
  const seconds = Map.groupBy(
    commands.map(({ name }) => name.split(' ')).filter(([, second]) => second !== undefined),
    ([first = '']) => first,
  );
  return [...seconds].map(([name, all]) => {
    const words = all.map(([, second = '']) => second);
    return { name, does: `Commands ${words.join(', ')}`, options: [], words };
  });
}

/** A command's name inside the script: "plan-check". */
function keyOf({ name }: Entry): string {
  return name.replace(' ', '-');
}

/** The patterns by which a script recognizes the command, word by word: "command:word". */
function steps(entries: readonly Entry[]): { readonly first: string; readonly second: readonly string[] } {
  const firsts = entries.filter(({ name }) => !name.includes(' '));
  return {
    first: firsts.map(({ name }) => `:${name}`).join('|'),
    second: entries.flatMap(({ name }) => (name.includes(' ') ? [name.replace(' ', ':')] : [])),
  };
}

/** What may be the first word. */
function onTop(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ name }) => !name.includes(' '));
}

function optionOf(name: string, input: Input, inputs: Inputs): Option {
  return {
    name: `--${name}`,
    does: firstSentence(input.description, inputs),
    takesValue: input.kind !== 'boolean',
    choices: input.kind === 'choice' ? input.choices : undefined,
  };
}

/** Plain text, without the quotes and colons that a shell would interpret. */
function firstSentence(text: string, inputs: Inputs): string {
  const [first = ''] = inTerminalWords(text, inputs).split(/(?<=[.;]) /);
  return first
    .replace(/[`'"\\$]/g, '')
    .replaceAll(':', ',')
    .replace(/[.;]$/, '');
}

const list = (words: readonly string[]) => words.join(' ');
const globals = ['--help', '--version'];

function bash(entries: readonly Entry[]): string {
  const { first, second } = steps(entries);
  const values = entries.flatMap((entry) =>
    entry.options.flatMap((option) =>
      option.choices === undefined
        ? []
        : [
            `    ${keyOf(entry)}:${option.name}) COMPREPLY=($(compgen -W '${list(option.choices)}' -- "$cur")); return;;`,
          ],
    ),
  );
  const free = entries.flatMap((entry) => {
    const names = entry.options.filter(({ takesValue, choices }) => takesValue && choices === undefined);
    return names.length === 0
      ? []
      : [`    ${names.map((o) => `${keyOf(entry)}:${o.name}`).join('|')}) return;;`];
  });
  return [
    '# eval "$(openstack-backup completion bash)"',
    '_openstack_backup() {',
    '  local cur=$' + '{COMP_WORDS[COMP_CWORD]} prev=$' + '{COMP_WORDS[COMP_CWORD-1]} command= words= i',
    '  COMPREPLY=()',
    "  if [[ $cur == '=' ]]; then cur=",
    "  elif [[ $prev == '=' ]]; then prev=$" + '{COMP_WORDS[COMP_CWORD-2]}; fi',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case $command:$' + '{COMP_WORDS[i]} in',
    `      ${first}) command=$` + '{COMP_WORDS[i]};;',
    ...(second.length === 0 ? [] : [`      ${second.join('|')}) command=$command-$` + '{COMP_WORDS[i]};;']),
    '    esac',
    '  done',
    '  case $command:$prev in',
    ...values,
    ...free,
    '  esac',
    '  case $command in',
    `    '') words='${list([...onTop(entries).map(({ name }) => name), ...globals])}';;`,
    ...entries.map(
      (entry) =>
        `    ${keyOf(entry)}) words='${list([...entry.words, ...entry.options.map((o) => o.name)])}';;`,
    ),
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '}',
    'complete -o default -F _openstack_backup openstack-backup',
    '',
  ].join('\n');
}

function zsh(entries: readonly Entry[]): string {
  const { first, second } = steps(entries);
  const described = (all: readonly { name: string; does: string }[]) =>
    all.map(({ name, does }) => `'${name}:${does}'`).join(' ');
  const values = entries.flatMap((entry) =>
    entry.options.flatMap(({ name: option, choices, takesValue }) => {
      if (!takesValue) return [];
      return [
        `    (${keyOf(entry)}:${option}) ${choices === undefined ? '_files' : `compadd -- ${list(choices)}`}; return;;`,
      ];
    }),
  );
  return [
    '#compdef openstack-backup',
    '# eval "$(openstack-backup completion zsh)", behind compinit',
    '_openstack_backup() {',
    '  local command= word prev=$' + '{words[CURRENT-1]}',
    '  local -a all',
    '  for word in $' + '{words[2,CURRENT-1]}; do',
    '    case $command:$word in',
    `      (${first}) command=$word;;`,
    ...(second.length === 0 ? [] : [`      (${second.join('|')}) command=$command-$word;;`]),
    '    esac',
    '  done',
    '  if [[ $PREFIX == --*=* ]]; then prev=$' + "{PREFIX%%=*}; compset -P '*='; fi",
    '  case $command:$prev in',
    ...values,
    '  esac',
    '  case $command in',
    `    ('') all=(${described([...onTop(entries), { name: '--help', does: 'Show the help' }, { name: '--version', does: 'Show the version' }])});;`,
    ...entries.map(
      (entry) =>
        `    (${keyOf(entry)}) all=(${described([...entry.words.map((word) => ({ name: word, does: word })), ...entry.options])});;`,
    ),
    '  esac',
    '  _describe openstack-backup all',
    '}',
    'compdef _openstack_backup openstack-backup',
    '',
  ].join('\n');
}

function fish(entries: readonly Entry[]): string {
  const complete = 'complete -c openstack-backup';
  return [
    '# openstack-backup completion fish | source',
    `${complete} -f`,
    `${complete} -n __fish_use_subcommand -l help -d 'Show the help'`,
    `${complete} -n __fish_use_subcommand -l version -d 'Show the version'`,
    ...entries.flatMap(({ name, does, options, words }) => {
      const seen = name.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
      const inside = `${complete} -n '${seen.join('; and ')}'`;
      return [
        ...(name.includes(' ') ? [] : [`${complete} -n __fish_use_subcommand -a ${name} -d '${does}'`]),
        ...(words.length === 0 ? [] : [`${inside} -a '${list(words)}'`]),
        ...options.map((option) => {
          const value = !option.takesValue
            ? ''
            : option.choices === undefined
              ? ' -r -F'
              : ` -x -a '${list(option.choices)}'`;
          return `${inside} -l ${option.name.slice(2)}${value} -d '${option.does}'`;
        }),
      ];
    }),
    '',
  ].join('\n');
}
