import { dirname } from 'node:path';

/**
 * The places of manifests, as the input `publish` names them.
 *
 * @param references as a restore names the manifests
 */
export function placesBeside(references: readonly string[]): string[] {
  return [
    ...new Set(
      references.map((reference) => {
        const [, place] = /^(artifact|release):/.exec(reference) ?? [];
        return place ?? `directory:${dirname(reference)}`;
      }),
    ),
  ];
}
