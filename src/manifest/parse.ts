import { createHash } from 'node:crypto';
import { InputError } from '../errors.ts';
import { contradiction } from './contradictions.ts';
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
  const [{ Value }, { ManifestSchema, POINTS }] = await Promise.all([
    import('typebox/value'),
    import('./schema.ts'),
  ]);
  if (!Value.Check(ManifestSchema, value)) {
    const said =
      firstProblem(head, (method, point) => {
        const schema = Object.hasOwn(POINTS, method) ? POINTS[method as keyof typeof POINTS] : undefined;
        return schema === undefined
          ? [{ instancePath: '/method', message: 'is unknown' }]
          : Value.Errors(schema, point);
      }) ?? Value.Errors(ManifestSchema, value)[0];
    throw new InputError(
      `${path} is not a whole manifest: ${said === undefined ? 'it does not match the schema' : `${said.instancePath || '/'} ${said.message}`}`,
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

interface Problem {
  readonly instancePath: string;
  readonly message: string;
}

/** The first restore point that does not fit the schema of its method: a union's own error would only say "none fits". */
function firstProblem(
  head: Readonly<Record<string, unknown>>,
  errorsOf: (method: string, point: unknown) => readonly Problem[],
): Problem | undefined {
  const points: readonly unknown[] = Array.isArray(head['restorePoints']) ? head['restorePoints'] : [];
  for (const [index, point] of points.entries()) {
    const method = (point as { method?: unknown } | null)?.method;
    const [first] = errorsOf(String(method), point);
    if (first !== undefined)
      return { instancePath: `/restorePoints/${index}${first.instancePath}`, message: first.message };
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
