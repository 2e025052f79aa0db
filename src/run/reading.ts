import type { EverythingOptions } from '../catalog/everything.ts';
import { verifyingKey } from '../manifest/sign.ts';
import type { Context } from './context.ts';

export interface ReadingInputs {
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
export async function readingOf(
  { host, readText }: Context,
  { workflow, branch, identity, 'verify-key': key }: ReadingInputs,
): Promise<EverythingOptions> {
  return {
    directory: host.directory,
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
