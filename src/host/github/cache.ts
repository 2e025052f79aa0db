import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../../errors.ts';
import type { DirectoryCache } from '../../ports/cache.ts';
import type { Log } from '../../ports/log.ts';

/** The runner empties this directory before each job. GitHub's cache makes the path part of its key. */
export function cacheOf(environment: Readonly<Record<string, string | undefined>>, log: Log): DirectoryCache {
  const path = join(environment['RUNNER_TEMP'] || tmpdir(), 'openstack-backup-catalogue');
  return {
    path,
    async restore(key, prefix) {
      try {
        const { restoreCache } = await import('@actions/cache');
        await restoreCache([path], key, [prefix]);
      } catch (error) {
        log.debug(`cannot read the cached catalog: ${messageOf(error)}`);
      }
    },
    async save(key) {
      try {
        const { saveCache } = await import('@actions/cache');
        await saveCache([path], key);
      } catch (error) {
        log.info(`cannot cache the catalog: ${messageOf(error)}`);
      }
    },
  };
}
