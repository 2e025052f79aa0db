import { parseStored, storedReference } from '../../manifest/files.ts';
import type { Manifest, Payload, RestorePoint } from '../../manifest/schema.ts';
import type { Published } from '../../publish/publisher.ts';
import { forShell } from '../../text/escape.ts';
import { addressed, type Reach } from './reach.ts';

/** What the commands need besides the manifest. */
export interface Saved {
  /** "owner/name"; undefined in a terminal. */
  readonly repository: string | undefined;
  /** Whether the manifest is signed. */
  readonly signed: boolean;
  /** Whether the manifest is sealed to age recipients. */
  readonly sealed: boolean;
  /** How its places are reached. */
  readonly reach: Reach;
}

/** The table lists the rest, which the same command restores. */
const MOST_COMMANDS = 10;

/**
 * Terminal commands that restore what was saved, ready to copy, except for the paths of the reader's key files. The
 * credentials of the cloud and of the store come from the environment, as always.
 */
export function waysBack(manifest: Manifest, { path }: Published, saved: Saved): string[] {
  const [place, download] = fetched(path, saved);
  const points = mainPoints(manifest);
  if (points.length === 0) return [];
  const options = optionsOf(manifest.restorePoints, path, saved);
  const commands = points.slice(0, MOST_COMMANDS).map((point) => {
    const { kind, id } = point.resource;
    return commandFor(point, place, points.length > 1 ? [optionOf(kind), id] : [], options);
  });
  return [...download, ...commands];
}

/**
 * Terminal commands that restore exactly one point of a manifest; empty if it can be restored only with its server.
 */
export function wayBack(point: RestorePoint, manifest: Manifest, path: string, saved: Saved): string[] {
  if (point.method === 'kept') return [];
  const [place, download] = fetched(path, saved);
  // A server's disks and keys are in the same manifest.
  const options = optionsOf(point.method === 'disks' ? manifest.restorePoints : [point], path, saved);
  return [...download, commandFor(point, place, [optionOf(point.resource.kind), point.id], options)];
}

/** Commands for what no manifest names: a Cinder backup, or an image that stayed in the cloud. */
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

function optionsOf(points: readonly RestorePoint[], path: string, saved: Saved): string[] {
  const payloads = payloadsOf(points);
  const sealed = saved.sealed || payloads.some((payload) => payload.sealed);
  return [
    ...storeOptions(payloads.find(({ place }) => place !== undefined)?.place, path, saved.reach),
    ...(sealed ? ['--identity file:identity.txt'] : []),
    saved.signed ? '--verify-key verify.pem' : '--allow-unsigned',
  ];
}

/** @param stored where payloads are; undefined if none are needed */
function storeOptions(stored: string | undefined, path: string, reach: Reach): string[] {
  const { cloud } = reach;
  // `store-cloud` is about a store in Swift, so it needs one, if only to find the manifest.
  const beside = cloud !== undefined && path.startsWith('swift://') ? parseStored(path)?.store : undefined;
  const place = stored ?? beside;
  const name = place === undefined ? undefined : addressed(place, reach);
  if (name === undefined) return [];
  const elsewhere = cloud !== undefined && name.startsWith('swift://');
  return [`--store ${forShell(name)}`, ...(elsewhere ? [`--store-cloud ${forShell(cloud)}`] : [])];
}

/** The places that the commands for a manifest name. */
export function placesNamed({ restorePoints }: Manifest, path: string): string[] {
  return [path, ...payloadsOf(restorePoints).flatMap(({ place }) => place ?? [])];
}

function payloadsOf(points: readonly RestorePoint[]): Payload[] {
  return points.flatMap((point) => ('payload' in point ? (point.payload ?? []) : []));
}

/** Leaves out the disks of servers and the keys of what is encrypted: those are restored along. */
function mainPoints({ restorePoints }: Manifest): RestorePoint[] {
  const of = (...kinds: RestorePoint['resource']['kind'][]) =>
    restorePoints.filter(({ resource }) => kinds.includes(resource.kind));
  return [of('server'), of('volume', 'image'), of('secret')].find((points) => points.length > 0) ?? [];
}

/** Where the manifest is after a download, and the commands that download it. */
function fetched(path: string, { repository, reach }: Saved): [string, string[]] {
  const from = repository === undefined ? '' : ` --repo ${forShell(repository)}`;
  const [, run, name] = /^artifact:(\d+)\/(.+)$/s.exec(path) ?? [];
  if (run !== undefined && name !== undefined)
    return ['manifest', [`gh run download ${run}${from} --name ${forShell(name)} --dir manifest`]];
  if (path.startsWith('release:'))
    return [
      'manifest',
      [`gh release download ${forShell(path.slice('release:'.length))}${from} --dir manifest`],
    ];
  const stored = parseStored(path);
  const store = stored && addressed(stored.store, reach);
  return [forShell(stored && store !== undefined ? storedReference(store, stored.run) : path), []];
}
