import { createHash } from 'node:crypto';
import { InputError } from '../errors.ts';
import { contradiction } from './contradictions.ts';
import { MANIFEST_FORMAT, MANIFEST_VERSION } from './format.ts';
import type { Manifest } from './schema.ts';

/** Room for 20,000 volumes of 6 KiB each. It limits what is written, too. */
export const LARGEST_MANIFEST = 128 * 1024 * 1024;
/** A restore point takes more words there. */
export const LARGEST_RUNBOOK = 2 * LARGEST_MANIFEST;

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
  const said = (await schemas()).problemIn(head);
  if (said !== undefined)
    throw new InputError(
      `${path} is not a complete manifest: ${said.instancePath || '/'} ${said.message}`,
      'It was altered or cut short: use another copy. Nothing was changed.',
    );
  const manifest = value as Manifest;
  const problem = contradiction(manifest);
  if (problem !== undefined)
    throw new InputError(
      `${path} contradicts itself: ${problem}`,
      'It was altered: use another copy. Nothing was changed.',
    );
  return manifest;
}

interface Validator {
  Check(value: unknown): boolean;
  Errors(value: unknown): readonly Problem[];
}

interface Problem {
  readonly instancePath: string;
  readonly message: string;
}

let loaded: ReturnType<typeof loadSchemas> | undefined;

/** The closed schema, compiled once. Its library is loaded only to read a manifest or to record a restore point. */
export function schemas(): ReturnType<typeof loadSchemas> {
  loaded ??= loadSchemas();
  return loaded;
}

async function loadSchemas() {
  const [{ Compile }, { ManifestSchema, POINTS }] = await Promise.all([
    import('typebox/compile'),
    import('./schema.ts'),
  ]);
  // Interpreting 20,000 restore points would take nine seconds, so each schema is compiled when it is first needed.
  const compiled = new Map<keyof typeof POINTS, Validator>();
  let frame: Validator | undefined;
  const validator = (method: keyof typeof POINTS): Validator => {
    const known = compiled.get(method) ?? Compile(POINTS[method]);
    compiled.set(method, known);
    return known;
  };
  /** Picks the schema by method: the union's own error would only say that none fits. */
  const problemOf = (point: unknown): Problem | undefined => {
    const method = String((point as { method?: unknown } | null)?.method);
    if (!Object.hasOwn(POINTS, method)) return { instancePath: '/method', message: 'is unknown' };
    const schema = validator(method as keyof typeof POINTS);
    return schema.Check(point) ? undefined : schema.Errors(point)[0];
  };
  /** Checks each restore point once, then the rest without them. */
  const problemIn = (manifest: Readonly<Record<string, unknown>>): Problem | undefined => {
    const points: readonly unknown[] = Array.isArray(manifest['restorePoints'])
      ? manifest['restorePoints']
      : [];
    for (const [index, point] of points.entries()) {
      const said = problemOf(point);
      if (said !== undefined)
        return { instancePath: `/restorePoints/${index}${said.instancePath}`, message: said.message };
    }
    const rest = points.length === 0 ? manifest : { ...manifest, restorePoints: [] };
    frame ??= Compile(ManifestSchema) as Validator;
    return frame.Check(rest) ? undefined : frame.Errors(rest)[0];
  };
  return { problemOf, problemIn };
}

/** The bytes that are written, hashed and signed. */
export function serialize(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Lower-case hex. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
