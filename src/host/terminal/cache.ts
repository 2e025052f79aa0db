import { isAbsolute, join } from 'node:path';
import type { DirectoryCache } from '../../ports/cache.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A user's directory lasts by itself. */
export function userCache(environment: Environment, platform: NodeJS.Platform): DirectoryCache {
  return {
    path: cachePath(environment, platform),
    restore: async () => undefined,
    save: async () => undefined,
  };
}

/**
 * Where the system keeps what can be had again. Undefined if it does not say, or OPENSTACK_BACKUP_NO_CACHE is set.
 * https://specifications.freedesktop.org/basedir/latest/ ignores relative paths.
 */
function cachePath(environment: Environment, platform: NodeJS.Platform): string | undefined {
  if (environment['OPENSTACK_BACKUP_NO_CACHE']) return undefined;
  const below = (name: string, ...more: readonly string[]) => {
    const path = environment[name] ?? '';
    return isAbsolute(path) ? join(path, ...more, 'openstack-backup') : undefined;
  };
  if (platform === 'darwin') return below('HOME', 'Library', 'Caches');
  return below('XDG_CACHE_HOME') ?? below('HOME', '.cache');
}
