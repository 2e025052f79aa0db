import { InputError } from '../../errors.ts';
import { DIRECTORY } from '../../manifest/files.ts';
import { type PlaceName, parsePlace, parseStore, shownPlace } from '../../store/place-name.ts';

/**
 * The places that the input `manifest` of a command names.
 *
 * @throws InputError for an unsupported place
 */
export function placesOf(given: readonly string[], inWorkflow: boolean): PlaceName[] {
  if (given.length === 0)
    return inWorkflow
      ? [{ kind: 'artifact' }, { kind: 'release' }]
      : [{ kind: 'directory', path: DIRECTORY }];
  return given.map((text) => {
    const place = parsePlace(text);
    if (place?.kind === 'store' && place.name !== undefined) parseStore(place.name, 'manifest');
    if (place !== undefined) return place;
    throw new InputError(
      `unsupported place ${shownPlace(text)}`,
      `Write \`manifest: artifact\`, \`manifest: release\`, \`manifest: store\` or \`manifest: directory:${pathIn(text)}\`.`,
    );
  });
}

/** What may be a path is shown as the path to write. */
function pathIn(text: string): string {
  return text !== 'latest' && /^[\w.~/-]+$/.test(text) ? text : 'PATH';
}
