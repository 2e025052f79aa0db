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
  const find = finder(needles);
  for (const [place, bytes] of places) {
    const found = find(bytes);
    if (found !== undefined)
      throw new Error(`a secret stands in ${place}, ${found.needle.length} bytes at ${found.at}`);
  }
  return places.length * needles.length;
}

/** All needles in one pass, by their first four bytes: a year has thousands of tokens, and megabytes of output. */
function finder(needles: readonly Buffer[]) {
  const heads = new Uint8Array(0x10000);
  for (const needle of needles) heads[needle.readUInt16LE(0)] = 1;
  const byHead = Map.groupBy(needles, (needle) => needle.readUInt32LE(0));
  return (bytes: Buffer): { readonly needle: Buffer; readonly at: number } | undefined => {
    for (let at = 0; at + SHORTEST <= bytes.length; at += 1) {
      if (heads[(bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)] === 0) continue;
      for (const needle of byHead.get(bytes.readUInt32LE(at)) ?? [])
        if (needle.equals(bytes.subarray(at, at + needle.length))) return { needle, at };
    }
    return undefined;
  };
}

const SHORTEST = 4;

function encodings(secret: string | Buffer): Buffer[] {
  const bytes = Buffer.from(secret);
  if (bytes.length < SHORTEST) throw new Error('a secret this short cannot be hunted');
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
