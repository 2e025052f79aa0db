import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { DirectoryWriter, type Written } from './directory.ts';
import type { Manifest } from './schema.ts';

/** Where manifests go; written again and again as a run goes on, so that what succeeded is never lost. */
export interface Publisher {
  /** Finds out before the run starts whether it can be published. */
  prepare(): Promise<void>;
  write(manifest: Manifest): Promise<void>;
  /** The manifest of a run that is over. */
  finish(manifest: Manifest): Promise<Written>;
}

export interface PublishOptions {
  /** Relative paths start here. */
  readonly directory: string;
  readonly run: { readonly id: string; readonly started: string };
  readonly signKey: KeyObject | undefined;
}

/**
 * The places of the input `publish`.
 *
 * @throws InputError for a place of no known form
 */
export function publishers(places: readonly string[], options: PublishOptions): Publisher[] {
  if (places.length === 0) throw new InputError('`publish` names no place', 'Give directory:PATH.');
  return places.map((place) => {
    if (place.startsWith('directory:') && place !== 'directory:')
      return directoryPublisher(place.slice('directory:'.length), options);
    if (place === 'artifact' || place === 'release')
      throw new InputError(
        `publish: ${place} works only in a workflow, which this version does not know yet`,
        'Use directory:PATH.',
      );
    throw new InputError(`\`publish\` is "${place}"`, 'Use directory:PATH.');
  });
}

function directoryPublisher(path: string, { directory, run, signKey }: PublishOptions): Publisher {
  const writer = new DirectoryWriter(resolve(directory, path, directoryName(run)), signKey);
  return {
    prepare: () => writer.prepare(),
    write: async (manifest) => {
      await writer.write(manifest);
    },
    finish: (manifest) => writer.write(manifest),
  };
}

/** Sorts by time, and is unique: "20261123T012228Z-5f2c9a01". */
function directoryName({ id, started }: PublishOptions['run']): string {
  return `${started.replace(/[-:]|\.\d+/g, '')}-${id.slice(0, 8)}`;
}
