import { closeLine, openedAt, openLine, TO_HEX } from '../keys/cryptsetup.ts';
import { passphrasesOf } from '../keys/passphrase.ts';
import { forShell } from '../text/escape.ts';
import type { Layer } from './unpack.ts';

/** A passphrase that the bytes of a saved secret may stand for. */
export interface Reading {
  readonly passphrase: Buffer;
  /** The shell command that turns these bytes into it. */
  readonly filter: string;
}

/**
 * The likely one first. A key's hex may have been saved instead of the key: `cryptsetup` wants that, and random bytes
 * never look like it.
 *
 * @param secretType as Barbican says it
 */
export function readingsOf(kept: Buffer, secretType: string): Reading[] {
  const text = kept.toString('latin1').replace(/\r?\n$/, '');
  if (secretType !== 'passphrase')
    return /^([0-9a-f]{2}){16,}$/i.test(text)
      ? [{ passphrase: Buffer.from(text.toLowerCase()), filter: "tr -d '\\r\\n' | tr A-F a-f" }]
      : passphrasesOf(kept, secretType).map((passphrase) => ({ passphrase, filter: TO_HEX }));
  const [verbatim = kept, hex = kept] = passphrasesOf(kept, secretType);
  const trimmed = kept.subarray(0, -1);
  return [
    { passphrase: verbatim, filter: 'cat' },
    // An editor, or echo, may have added a newline.
    ...(kept.at(-1) === 0x0a ? [{ passphrase: trimmed, filter: 'head -c -1' }] : []),
    { passphrase: hex, filter: TO_HEX },
  ];
}

export interface ByHand {
  /** A path, or `-`. */
  readonly image: string;
  readonly output: string;
  /** As `env:NAME`, `file:PATH` or `-`. */
  readonly key: string;
  readonly identity: string | undefined;
  /** What they are packed in, outermost first. */
  readonly imageLayers: readonly Layer[];
  readonly keyLayers: readonly Layer[];
  readonly filter: string;
}

const NAME = 'unlocked';

/** The shell (bash) commands that do by hand, with cryptsetup and as root, what `unlock` does. */
export function byHand({ image, output, key, identity, imageLayers, keyLayers, filter }: ByHand): string[] {
  const isKept = identity === '-' && [...imageLayers, ...keyLayers].includes('age');
  const age = `age -d -i ${identityWord(identity === '-' ? 'env:IDENTITY' : (identity ?? ''))}`;
  const pipe = (reference: string, layers: readonly Layer[], ...more: readonly string[]) =>
    [source(reference), ...layers.map((layer) => (layer === 'age' ? age : 'zstd -dc')), ...more].join(' | ');
  const isBare = image !== '-' && imageLayers.length === 0;
  const container = isBare ? pathWord(image) : `${NAME}.luks`;
  const read = `sudo cat ${openedAt(NAME)}`;
  return [
    ...(isKept ? ['IDENTITY=$(cat)'] : []),
    ...(isBare ? [] : [`${pipe(image === '-' ? '-' : `file:${image}`, imageLayers)} > ${container}`]),
    pipe(key, keyLayers, filter, openLine(container, NAME)),
    output === '-' ? read : `(umask 077; set -C; ${read} > ${pathWord(output)})`,
    closeLine(NAME),
  ];
}

function source(reference: string): string {
  if (reference === '-') return 'cat';
  return reference.startsWith('file:')
    ? `cat ${pathWord(reference.slice('file:'.length))}`
    : `printf %s ${variableWord(reference)}`;
}

function identityWord(reference: string): string {
  return reference.startsWith('file:')
    ? pathWord(reference.slice('file:'.length))
    : `<(printf '%s\\n' ${variableWord(reference)})`;
}

/** A shell takes only plain names for variables. */
function variableWord(reference: string): string {
  const name = reference.slice('env:'.length);
  return /^[A-Za-z_]\w*$/.test(name) ? `"$${name}"` : `"$(printenv ${forShell(name)})"`;
}

/** A path that starts with a hyphen would be taken for an option. */
function pathWord(path: string): string {
  return forShell(path.startsWith('-') ? `./${path}` : path);
}
