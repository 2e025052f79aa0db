import { InputError } from '../../errors.ts';

/** A value that YAML 1.1 reads as something else. Other tools would send that instead of the written text. */
export class Unclear {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/**
 * Reads a text as openstacksdk does, with PyYAML's `safe_load`: YAML 1.1 with its own idea of numbers, with merge keys,
 * and with the last of duplicate keys. Numbers stay as written; one that Python would write differently is
 * {@link Unclear}. https://github.com/yaml/pyyaml/blob/main/lib/yaml/resolver.py
 *
 * @throws InputError that names the line, never its contents: they may hold a password
 */
export async function readYaml(text: string, path: string): Promise<unknown> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, {
    schema: 'failsafe',
    customTags: (tags) => [...tags, ...SCALARS],
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = text.slice(0, problem.pos[0]).split('\n').length;
    throw new InputError(
      `${path} is not YAML: line ${line}: ${problem.code.toLowerCase().replaceAll('_', ' ')}`,
      'Fix that line; nothing was read from the file.',
    );
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    throw new InputError(
      `${path} is not YAML: its aliases cannot be followed`,
      'Write out what the aliases stand for.',
    );
  }
}

/** @throws InputError without the contents */
export function readJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' ? numberAsWritten(context?.source ?? '') : value,
    );
  } catch {
    throw new InputError(`${path} is not JSON`, 'Fix it; nothing was read from the file.');
  }
}

function numberAsWritten(source: string): string | Unclear {
  return source === inPython(source) ? source : new Unclear('a number');
}

/** What Python's `str` writes for an ordinary decimal number; undefined for all others. */
function inPython(source: string): string | undefined {
  if (/^-?(?:0|[1-9]\d*)$/.test(source)) return source === '-0' ? '0' : source;
  const value = Number(source);
  const size = Math.abs(value);
  if (!/^-?\d+\.\d+$/.test(source) || (size !== 0 && (size < 1e-4 || size >= 1e16))) return undefined;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function scalar(tag: string, test: RegExp, resolve: (source: string) => unknown) {
  return { tag: `tag:yaml.org,2002:${tag}`, default: true as const, test, resolve };
}

const SCALARS = [
  scalar('null', /^(?:~|null|Null|NULL|)$/, () => null),
  scalar(
    'bool',
    /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
    (source) => /^(?:yes|true|on)$/i.test(source),
  ),
  scalar(
    'int',
    /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
    numberAsWritten,
  ),
  scalar(
    'float',
    /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
    numberAsWritten,
  ),
  scalar(
    'timestamp',
    /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/,
    () => new Unclear('a date'),
  ),
];
