import { ManifestCache } from '../../catalog/cache.ts';
import type { EverythingOptions } from '../../catalog/everything.ts';
import { verifyingKey } from '../../manifest/sign.ts';
import type { Context } from '../context.ts';
import { type StoreGiven, storeOpener } from '../places/storing.ts';

export interface ReadingInputs extends StoreGiven {
  readonly workflow: string | undefined;
  readonly branch: string | undefined;
  readonly identity: string | undefined;
  readonly 'verify-key': string | undefined;
}

/**
 * How to find and open manifests, wherever they are.
 *
 * @throws InputError for an invalid public key
 */
export async function readingOf(context: Context, given: ReadingInputs): Promise<EverythingOptions> {
  const { workflow, branch, identity, 'verify-key': key } = given;
  const { host, readText } = context;
  return {
    directory: host.directory,
    store: storeOpener(context, given, 'manifest'),
    cache: new ManifestCache(host.cache, host.log),
    github: host.github,
    workflow,
    branch,
    now: () => host.clock.now(),
    log: host.log,
    verifyKey: key === undefined ? undefined : verifyingKey(await readText(key)),
    identity,
    warn: (line) => host.log.warn(line),
  };
}
