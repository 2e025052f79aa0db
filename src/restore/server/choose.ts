import { choosePoint } from '../../catalog/choose.ts';
import type { Manifest, ServerPoint } from '../../manifest/schema.ts';
import type { Mapping } from './mapping.ts';

export interface ServerRestoreWishes {
  /** A server of the manifest, by name or id. */
  readonly server: string | undefined;
  /** Default: the recorded name. */
  readonly name: string | undefined;
  /** What has another name or id at the destination. */
  readonly mapping: Mapping;
}

export interface ServerChoice {
  readonly manifest: Manifest;
  readonly point: ServerPoint;
}

/** @throws InputError that lists what the manifest has */
export function chooseServer(
  manifest: Manifest,
  { server }: Pick<ServerRestoreWishes, 'server'>,
): ServerChoice {
  return { manifest, point: choosePoint(manifest, 'server', server) };
}
