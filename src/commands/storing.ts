import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { type Sealer, sealer } from '../keys/age.ts';
import type { PayloadReader } from '../payload/reader.ts';
import type { Context } from '../run/context.ts';
import { directoryStore } from '../store/directory.ts';
import type { PayloadStore } from '../store/store.ts';

const DEFAULT_STORE = 'directory:openstack-backups/payloads';

/**
 * The store that the input names; undefined where none is named and there is no place of its own.
 *
 * @throws InputError for a place of no known form
 */
export function namedStore({ host }: Context, store: string | undefined): PayloadStore | undefined {
  if (store === undefined) return undefined;
  const path = store.startsWith('directory:') ? store.slice('directory:'.length) : '';
  if (path === '')
    throw new InputError(`\`store\` is "${store}", which is no place`, 'Write directory:PATH.');
  return directoryStore(resolve(host.directory, path), {
    run: host.run,
    liveness: (owner) => host.liveness(owner),
    now: () => host.clock.now(),
  });
}

/**
 * The store that the input names, or the terminal's own.
 *
 * @throws InputError in a workflow that names none: a runner's disk is gone with the job
 */
export function openStore(context: Context, store: string | undefined): PayloadStore {
  const named = namedStore(context, store ?? (context.host.github === undefined ? DEFAULT_STORE : undefined));
  if (named === undefined)
    throw new InputError(
      '`store` names no place for the data',
      "Write directory:PATH, a directory that lasts: a runner's own disk is gone with the job.",
    );
  return named;
}

/** Where payloads are read, and what opens them; undefined where no store is named and there is no place of its own. */
export function readerOf(
  context: Context,
  { store, identity }: { readonly store: string | undefined; readonly identity: string | undefined },
): PayloadReader | undefined {
  const source = namedStore(
    context,
    store ?? (context.host.github === undefined ? DEFAULT_STORE : undefined),
  );
  return source && { source, identity };
}

/** @throws InputError for what is no age recipient */
export async function sealerFor(recipients: readonly string[]): Promise<Sealer | undefined> {
  return recipients.length === 0 ? undefined : sealer(recipients);
}
