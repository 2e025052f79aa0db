import { join } from 'node:path';
import { isFresh } from '../../scripts/build/source.ts';

/**
 * Before the first test: where `dist/` is of this very source, the program and the actions are those of `dist/`. The source
 * is 700 modules, and to load them is most of what a short process does.
 */
export default function useFreshDist(): void {
  if (process.env['TEST_DIST'] === undefined && isFresh(join(import.meta.dirname, '../..')))
    process.env['TEST_DIST'] = '1';
}
