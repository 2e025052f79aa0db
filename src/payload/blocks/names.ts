import { createHash } from 'node:crypto';

/** What a store keeps together: the points of one resource. */
export interface Resource {
  /** `server`: the root image of a server, saved through its snapshot. */
  readonly kind: 'volume' | 'image' | 'server';
  /** As the cloud has it. */
  readonly id: string;
}

const PLAIN_ID = /^[0-9a-z][0-9a-z._-]{0,99}$/;
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const POINT = new RegExp(`^${UUID}$`);
const MAP = new RegExp(`^\\d{8}T\\d{6}Z-${UUID}$`);
const NUMBERED = new RegExp(`^${UUID}-(0|[1-9]\\d{0,8})$`);

/** The folder of a resource. An id of any characters has one. */
export function folderOf({ kind, id }: Resource): string {
  const word = PLAIN_ID.test(id) ? id : `x${createHash('sha256').update(id).digest('hex').slice(0, 32)}`;
  return `${kind}-${word}`;
}

/** @param taken ISO 8601; the cloud's time when the run began with the point */
export function mapName(folder: string, taken: string, point: string): string {
  const time = new Date(taken).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${folder}/maps/${time}-${point}`;
}

export const mapsOf = (folder: string) => `${folder}/maps/`;
export const checkpointsOf = (folder: string) => `${folder}/open/`;
export const idsName = (folder: string, point: string, number: number) => `${folder}/ids/${point}-${number}`;
export const dataName = (folder: string, point: string, number: number) =>
  `${folder}/data/${point}-${number}`;
export const checkpointName = (folder: string, point: string, number: number) =>
  `${folder}/open/${point}-${number}`;

export const retiredName = (folder: string, id: string) => `${folder}/pruned/${id}-0`;

export type FolderPart = 'maps' | 'ids' | 'data' | 'open' | 'pruned';

/** The folder that a name lies in, and in which part of it; undefined for a name that is not of this layout. */
export function partOf(name: string): { readonly folder: string; readonly part: FolderPart } | undefined {
  const [, folder, part] =
    /^((?:volume|image|server)-[0-9a-z][0-9a-z._-]*)\/(maps|ids|data|open|pruned)\//.exec(name) ?? [];
  if (folder === undefined || !isNameIn(folder, part as FolderPart, name)) return undefined;
  return { folder, part: part as FolderPart };
}

/** Whether a name is that of a resource's map, ids, object or checkpoint. A map may name only those of its resource. */
export function isNameIn(folder: string, part: FolderPart, name: string): boolean {
  const start = `${folder}/${part}/`;
  return name.startsWith(start) && (part === 'maps' ? MAP : NUMBERED).test(name.slice(start.length));
}

export function isPoint(id: string): boolean {
  return POINT.test(id);
}
