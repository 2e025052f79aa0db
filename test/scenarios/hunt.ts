import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ran } from '../support/tool.ts';

export interface KeptOutput {
  keep(ran: Ran): Ran;
  add(text: string): void;
  text(): string;
}

export function keepOutput(): KeptOutput {
  const kept: string[] = [];
  return {
    keep(ran) {
      kept.push(ran.stdout, ran.stderr);
      return ran;
    },
    add: (text) => void kept.push(text),
    text: () => kept.join('\n'),
  };
}

/**
 * Searches all that was printed and written for secrets: raw, base64, hex and URL-encoded.
 *
 * @throws Error that says where, not what
 */
export async function huntSecrets(
  output: string,
  directory: string,
  secrets: readonly (string | Buffer)[],
): Promise<number> {
  const places: [string, Buffer][] = [['the output', Buffer.from(output)]];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      places.push([join(entry.parentPath, entry.name), await readFile(join(entry.parentPath, entry.name))]);
  const needles = secrets.flatMap(encodings);
  if (needles.length === 0) throw new Error('the secret hunt has nothing to look for');
  for (const [place, bytes] of places)
    for (const needle of needles)
      if (bytes.includes(needle))
        throw new Error(`a secret stands in ${place}, ${needle.length} bytes at ${bytes.indexOf(needle)}`);
  return places.length * needles.length;
}

function encodings(secret: string | Buffer): Buffer[] {
  const bytes = Buffer.from(secret);
  if (bytes.length < 4) throw new Error('a secret this short cannot be hunted');
  const hex = bytes.toString('hex');
  const base64 = bytes.toString('base64').replace(/=+$/, '');
  return [
    bytes,
    Buffer.from(hex),
    Buffer.from(hex.toUpperCase()),
    Buffer.from(base64),
    Buffer.from(bytes.toString('base64url')),
    Buffer.from(encodeURIComponent(base64)),
    Buffer.from(encodeURIComponent(bytes.toString('latin1'))),
    Buffer.from(Buffer.from(hex).toString('base64').replace(/=+$/, '')),
  ];
}
