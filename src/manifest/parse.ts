import { createHash } from 'node:crypto';
import { InputError } from '../errors.ts';
import { MANIFEST_FORMAT, MANIFEST_VERSION } from './format.ts';
import type { Manifest } from './schema.ts';

/** A manifest of 10,000 volumes with rich metadata stays below. */
export const LARGEST_MANIFEST = 64 * 1024 * 1024;

/**
 * The text of a manifest, checked against the closed schema and for what a schema cannot say.
 *
 * @param path for messages only
 * @throws InputError
 */
export async function parseManifest(text: string, path: string): Promise<Manifest> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(
      `${path} is not JSON`,
      'Give the path of a manifest.json that a backup wrote, or its directory.',
    );
  }
  const head = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  if (head['format'] !== MANIFEST_FORMAT)
    throw new InputError(
      `${path} is not a manifest of openstack-backup`,
      'Give the path of a manifest.json that a backup wrote.',
    );
  if (typeof head['version'] === 'number' && head['version'] > MANIFEST_VERSION)
    throw new InputError(
      `${path} is a manifest of version ${head['version']}; this program reads versions up to ${MANIFEST_VERSION}`,
      'Restore with the version of openstack-backup that wrote it, or a newer one.',
    );
  const [{ Value }, { ManifestSchema }] = await Promise.all([import('typebox/value'), import('./schema.ts')]);
  if (!Value.Check(ManifestSchema, value)) {
    const [first] = Value.Errors(ManifestSchema, value);
    throw new InputError(
      `${path} is not a whole manifest: ${first === undefined ? 'it does not match the schema' : `${first.instancePath || '/'} ${first.message}`}`,
      'It was altered or cut short: take another copy. Nothing was touched.',
    );
  }
  const problem = contradiction(value);
  if (problem !== undefined)
    throw new InputError(
      `${path} contradicts itself: ${problem}`,
      'It was altered: take another copy. Nothing was touched.',
    );
  return value;
}

/** What no schema can say: a restore point must be one thing all through. */
function contradiction(manifest: Manifest): string | undefined {
  const seen = new Set<string>();
  for (const point of manifest.restorePoints) {
    for (const id of [point.id, point.backup.id]) {
      if (seen.has(id)) return `${id} stands in it twice`;
      seen.add(id);
    }
    if (point.backup.size < point.resource.size && !point.backup.incremental)
      return `backup ${point.backup.id} is smaller than its volume`;
    if (point.backup.incremental !== (point.chain.parent !== null))
      return `backup ${point.backup.id} is an increment without a parent, or a full one with`;
    if ((point.chain.position === 0) !== (point.chain.parent === null))
      return `backup ${point.backup.id} has a position in its chain that is not its own`;
  }
  return undefined;
}

/** The bytes that are written, hashed and signed. */
export function serialize(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Lower-case hex. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
