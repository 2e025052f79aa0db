import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replace } from '../directory.ts';
import { LARGEST_MANIFEST } from '../parse.ts';
import type { Files } from './services.ts';

/**
 * What a step is about to publish, as its post finds it again when the step was cut short: the manifest of what
 * succeeded must not die with the process.
 */
export type Pending =
  | { readonly place: 'artifact'; readonly name: string; readonly days: number; readonly file: string }
  | { readonly place: 'release'; readonly release: number; readonly tag: string; readonly file: string };

/** Names under which the runner keeps them for the post. */
export const PENDING = ['pending-artifact', 'pending-release'] as const;

/** What stands in the step's state; undefined when it is over, or not ours. */
export function parsePending(text: string): Pending | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { place, name, days, release, tag, file } = value as Record<string, unknown>;
  if (typeof file !== 'string') return undefined;
  if (place === 'artifact' && typeof name === 'string' && typeof days === 'number')
    return { place, name, days, file };
  if (place === 'release' && typeof release === 'number' && typeof tag === 'string')
    return { place, release, tag, file };
  return undefined;
}

/** The files that a step publishes at its end, as they stand now: whole at every moment. */
export class Spool {
  readonly file: string;

  constructor(directory: string, name: string) {
    this.file = join(directory, `${name}.json`);
  }

  async write(files: Files): Promise<void> {
    const coded = Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]);
    await replace(this.file, JSON.stringify(Object.fromEntries(coded)));
  }

  remove(): Promise<void> {
    return rm(this.file, { force: true });
  }
}

/** A manifest and its runbook, in base64. */
const LARGEST_SPOOL = 6 * LARGEST_MANIFEST;

/** What a spool holds; undefined when nothing was saved. */
export async function readSpool(file: string): Promise<Files | undefined> {
  let value: unknown;
  try {
    if ((await stat(file)).size > LARGEST_SPOOL) return undefined;
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => [name, Buffer.from(String(text), 'base64')]),
  );
}
