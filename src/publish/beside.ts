import { basename, dirname } from 'node:path';
import { parseStored, STORED } from '../manifest/files.ts';

/**
 * The places of manifests, as the input `publish` names them.
 *
 * @param references as a restore names the manifests
 * @param store the name of the place that the input `store` gives
 */
export function placesBeside(references: readonly string[], store: string | undefined): string[] {
  return [
    ...new Set(
      references.map((reference) => {
        const [, place] = /^(artifact|release):/.exec(reference) ?? [];
        if (place !== undefined) return place;
        const stored = parseStored(reference)?.store ?? storeAt(dirname(reference));
        if (stored !== undefined && stored === store) return 'store';
        return parseStored(reference)?.store ?? `directory:${dirname(reference)}`;
      }),
    ),
  ];
}

function storeAt(directory: string): string | undefined {
  return basename(directory) === STORED ? dirname(directory) : undefined;
}
