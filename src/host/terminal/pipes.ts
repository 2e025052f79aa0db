import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { InputError, messageOf } from '../../errors.ts';
import type { Terminal } from '../../ports/host.ts';
import type { Secrets } from '../../text/secrets.ts';
import type { Stream } from './progress.ts';

export interface Pipes extends Terminal {
  /** Where outcomes are printed: standard output, unless a command writes data there. */
  readonly told: Stream;
}

export function pipes(options: {
  /** Called only when needed: opening standard input slows every start. */
  readonly stdin: () => Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Stream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  readonly secrets: Secrets;
}): Pipes {
  const { stdin, stdout, stderr } = options;
  let reader: string | undefined;
  let told: Stream = stdout;
  const input = (what: string): Readable => {
    if (reader !== undefined)
      throw new InputError(
        `standard input can be read only once, but both ${reader} and ${what} come from it`,
        'Give one of them another way.',
      );
    reader = what;
    return stdin();
  };
  const bytesOf = (name: string, reference: string): Promise<Buffer> | Buffer => {
    if (reference === '-') return buffer(input(`--${name}`));
    if (reference.startsWith('env:'))
      return fromEnvironment(name, reference.slice('env:'.length), options.environment);
    if (reference.startsWith('file:'))
      return fromFile(name, reference.slice('file:'.length), options.directory);
    throw new InputError(
      `--${name} is secret and must not be on the command line`,
      `Write --${name} env:NAME, --${name} file:PATH, or --${name} - for standard input.`,
    );
  };
  return {
    get told() {
      return told;
    },
    get width() {
      return stdout.isTTY === true ? stdout.columns : undefined;
    },
    input,
    output() {
      if (stdout.isTTY === true)
        throw new InputError(
          'standard output is a terminal, which would show the bytes',
          'Pipe or redirect them: … | COMMAND, or … > FILE.',
        );
      told = stderr;
      return stdout;
    },
    async secret(name, reference) {
      const bytes = await bytesOf(name, reference);
      // For text, each line is masked too.
      options.secrets.add(isUtf8(bytes) ? bytes.toString('utf8') : bytes);
      return bytes;
    },
  };
}

function fromEnvironment(
  name: string,
  variable: string,
  environment: Readonly<Record<string, string | undefined>>,
): Buffer {
  const value = environment[variable];
  if (value === undefined || value === '')
    throw new InputError(`--${name}: the variable ${variable} is not set`, 'Set it, or use file:PATH or -.');
  return Buffer.from(value, 'utf8');
}

async function fromFile(name: string, path: string, directory: string): Promise<Buffer> {
  try {
    return await readFile(resolve(directory, path));
  } catch (error) {
    throw new InputError(
      `--${name}: cannot read the file ${path}: ${messageOf(error)}`,
      'Give the path of a file that this user can read.',
      error,
    );
  }
}
