import { doubtsOf } from '../../catalog/doubts.ts';
import { type Inventory, inventoryOf } from '../../catalog/inventory.ts';
import type { Shelf } from '../../catalog/whole.ts';
import { OperationError, PlainError, withHint } from '../../errors.ts';
import type { Manifest } from '../../manifest/schema.ts';
import { NoCredentials } from '../../openstack/config/choose.ts';
import { CloudError } from '../../openstack/errors.ts';
import type { Context } from '../context.ts';
import { type StoreGiven, shelfOf } from '../places/storing.ts';

export type LookInputs = StoreGiven & { readonly offline: boolean };

/** The facts that decide whether restore points are whole. */
export interface Looked {
  readonly inventory: Inventory | undefined;
  readonly shelf: Shelf | undefined;
  /** What did not answer, in a sentence; undefined if everything did. */
  readonly failure: string | undefined;
}

/**
 * Looks for all that the restore points of these manifests need: in the store and, given credentials, in the cloud.
 * Reports what does not answer, and goes on, so that the manifests are still shown.
 *
 * @param damaged objects of the store that `verify` saw damaged
 * @throws InputError for incomplete credentials, and for credentials of a project other than `project`
 */
export async function look(
  context: Context,
  given: LookInputs,
  manifests: readonly Manifest[],
  damaged: ReadonlySet<string> = new Set(),
): Promise<Looked> {
  const stored = manifests.some(({ restorePoints }) =>
    restorePoints.some((point) => 'payload' in point && point.payload !== null),
  );
  const shelf = stored
    ? await shelfOf(context, given, doubtsOf(manifests, damaged), given.offline)
    : undefined;
  if (shelf?.sizes === undefined && shelf !== undefined) context.host.log.warn(shelf.unknown);
  return { shelf, ...(await cloudLook(context, given)) };
}

async function cloudLook(
  context: Context,
  given: LookInputs,
): Promise<Pick<Looked, 'inventory' | 'failure'>> {
  const { log, signal } = context.host;
  const nobody = { inventory: undefined, failure: undefined };
  if (given.offline) return nobody;
  try {
    const inventory = await inventoryOf(await context.connect(given));
    for (const why of Object.values(inventory.unknown)) log.warn(why);
    const [failed] = inventory.failed;
    return { inventory, failure: failed && `the cloud did not list its ${inventory.failed.join(' and ')}` };
  } catch (error) {
    if (signal.aborted || !(error instanceof PlainError)) throw error;
    if (error instanceof NoCredentials) {
      log.info('no credentials, so no cloud was asked: the state of what is in a cloud is unknown');
      return nobody;
    }
    if (!isOfCloud(error) && !isOfCloud(error.cause)) throw error;
    log.error(context.host.words(withHint(error)));
    return { ...nobody, failure: 'the cloud did not answer' };
  }
}

/** Whether the cloud is to blame, and not the user's input. */
function isOfCloud(error: unknown): boolean {
  return error instanceof CloudError || error instanceof OperationError;
}
