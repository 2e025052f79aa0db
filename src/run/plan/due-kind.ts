import { images } from '../../backup/image/kind.ts';
import type { SavingKind, Wishes } from '../../backup/kind.ts';
import { secrets } from '../../backup/secret/kind.ts';
import { servers } from '../../backup/server/kind.ts';
import { volumes } from '../../backup/volume/kind.ts';
import type { DuePart } from '../../planfile/parts.ts';
import type { Context } from '../context.ts';
import { savingStore } from '../places/storing.ts';
import type { PlanLook } from './look.ts';

/** Uses a kind of resource with its wishes, whichever kind it is. */
export type UseKind<T> = <W extends Wishes, P>(kind: SavingKind<W, P>, wishes: W) => T;

/**
 * Turns a plan's due part into wishes, as the commands do with their inputs.
 *
 * @param tags of the restore points
 * @param startOnly leave Cinder backups of volumes to the cloud; a server needs its snapshots until they are done
 * @throws InputError if the plan names no place for its payloads
 */
export async function withKind<T>(
  context: Context,
  {
    plan: { store, recipients, refresh },
    access,
    now,
    damaged,
  }: Pick<PlanLook, 'plan' | 'access' | 'now' | 'damaged'>,
  { entry, kind, duties }: DuePart,
  tags: readonly string[],
  use: UseKind<T>,
  startOnly = false,
): Promise<T> {
  const ids = duties.map(({ resource }) => resource.id);
  const selectors = ids.map((id) => ({ kind: 'one', nameOrId: id }) as const);
  const stored = async (compression: 'zstd' | 'none') =>
    savingStore(context, { ...access, store, compression, recipients, refresh, damaged });
  if (kind === 'image')
    return use(images, { selectors, payloads: await stored('zstd'), tags, raw: entry.raw });
  if (kind === 'secret') {
    const named = { secrets: ids, volumes: [], backups: [], images: [] };
    return use(secrets, { ...named, payloads: await stored('none'), tags, plaintext: false });
  }
  const wishes = {
    selectors,
    mode: 'auto',
    method: entry.method,
    maxChain: entry.maxChain,
    consistency: entry.consistency,
    raw: entry.raw,
    payloads: store === undefined ? undefined : await stored('zstd'),
    tags,
    recipients: recipients.length > 0,
  } as const;
  return kind === 'server' ? use(servers, wishes) : use(volumes, { ...wishes, startOnly, unlessSince: now });
}
