import { choosePoint } from '../../catalog/choose.ts';
import type { Manifest, ServerPoint } from '../../manifest/schema.ts';
import type { Mapping } from './mapping.ts';

export interface ServerRestoreWishes {
  /** Which of the manifest's, by name or id. */
  readonly server: string | undefined;
  /** Default: the recorded name. */
  readonly name: string | undefined;
  /** What has another name or id where it is restored to. */
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
