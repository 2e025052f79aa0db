/** A place as an input names it. */
export type PlaceName =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'artifact' }
  | { readonly kind: 'release' };

const DIRECTORY = 'directory:';

/** @returns undefined for what names no place; which of them an input takes is for who has it */
export function parsePlace(text: string): PlaceName | undefined {
  if (text === 'artifact' || text === 'release') return { kind: text };
  if (!text.startsWith(DIRECTORY) || text === DIRECTORY) return undefined;
  return { kind: 'directory', path: text.slice(DIRECTORY.length) };
}
