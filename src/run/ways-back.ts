import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import type { Published } from '../publish/publisher.ts';
import { forShell } from '../text/escape.ts';

/** What the commands need beside the manifest. */
export interface Saved {
  /** "owner/name"; undefined in a terminal. */
  readonly repository: string | undefined;
  /** Whether the manifest is signed. */
  readonly signed: boolean;
  /** Whether anything is sealed to age recipients. */
  readonly sealed: boolean;
}

/** More are in the table, and are restored by the same words. */
const MOST_COMMANDS = 10;

/**
 * The lines for a terminal that bring back what was saved, to be copied as they are; the files with keys are the
 * reader's own.
 */
export function waysBack(manifest: Manifest, { path }: Published, saved: Saved): string[] {
  const [place, download] = fetched(path, saved.repository);
  const points = mainPoints(manifest);
  const options = optionsOf(manifest.restorePoints, saved);
  const commands = points.slice(0, MOST_COMMANDS).map((point) => {
    const { kind, id } = point.resource;
    return commandFor(point, place, points.length > 1 ? [optionOf(kind), id] : [], options);
  });
  return [...download, ...commands];
}

/**
 * The lines for a terminal that bring back one restore point of a manifest, and no other; empty if it can be restored
 * only with its server.
 */
export function wayBack(point: RestorePoint, manifest: Manifest, path: string, saved: Saved): string[] {
  if (point.method === 'kept') return [];
  const [place, download] = fetched(path, saved.repository);
  // A server's own disks and keys stand in its manifest.
  const options = optionsOf(point.method === 'disks' ? manifest.restorePoints : [point], saved);
  return [...download, commandFor(point, place, [optionOf(point.resource.kind), point.id], options)];
}

/** The same for what no manifest names: a Cinder backup, or an image that stayed in the cloud. */
export function wayBackOfData(kind: 'backup' | 'image', id: string): string[] {
  return kind === 'backup'
    ? [['npx openstack-backup', 'restore-volume', `--backup ${forShell(id)}`].join(' ')]
    : [`openstack volume create --image ${forShell(id)} --size GIB NAME`];
}

function commandFor(
  { resource: { kind, name } }: RestorePoint,
  place: string,
  which: readonly string[],
  options: readonly string[],
): string {
  const comment = /^[\w.-]+$/.test(name) ? ` # ${name}` : '';
  return ['npx openstack-backup', `restore-${kind}`, `--manifest ${place}`, ...which, ...options]
    .join(' ')
    .concat(comment);
}

function optionOf(kind: RestorePoint['resource']['kind']): string {
  return kind === 'secret' ? '--secrets' : `--${kind}`;
}

function optionsOf(points: readonly RestorePoint[], { sealed, signed }: Saved): string[] {
  const [stored] = points.flatMap((point) =>
    'payload' in point && point.payload?.place !== undefined ? [point.payload.place] : [],
  );
  return [
    ...(stored === undefined ? [] : [`--store ${forShell(`directory:${stored}`)}`]),
    ...(sealed ? ['--identity file:age-identity.txt'] : []),
    signed ? '--verify-key verify.pem' : '--allow-unsigned',
  ];
}

/** A server brings its disks along, and what is encrypted its keys. */
function mainPoints({ restorePoints }: Manifest): RestorePoint[] {
  const of = (...kinds: RestorePoint['resource']['kind'][]) =>
    restorePoints.filter(({ resource }) => kinds.includes(resource.kind));
  return [of('server'), of('volume', 'image'), of('secret')].find((points) => points.length > 0) ?? [];
}

/** Where the manifest then is, and what brings it there. */
function fetched(path: string, repository: string | undefined): [string, string[]] {
  const from = repository === undefined ? '' : ` --repo ${forShell(repository)}`;
  const [, run, name] = /^artifact:(\d+)\/(.+)$/s.exec(path) ?? [];
  if (run !== undefined && name !== undefined)
    return ['manifest', [`gh run download ${run}${from} --name ${forShell(name)} --dir manifest`]];
  if (path.startsWith('release:'))
    return [
      'manifest',
      [`gh release download ${forShell(path.slice('release:'.length))}${from} --dir manifest`],
    ];
  return [forShell(path), []];
}
