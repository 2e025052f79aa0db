import { ManifestCache } from '../../src/catalog/cache.ts';
import { silentLog } from '../../src/ports/log.ts';

/** Calls nobody, and keeps what it has in a directory; nothing without one. */
export function cacheIn(path: string | undefined, said: string[] = []): ManifestCache {
  return new ManifestCache(
    {
      path,
      restore: async (key, prefix) => void said.push(`restore ${key.startsWith(prefix)}`),
      save: async (key) => void said.push(`save ${key}`),
    },
    silentLog,
  );
}

export const noCache = () => cacheIn(undefined);
