import { saysNothing, Unanswered } from '../../../drill/stopped.ts';
import { WayFailed } from '../../../drill/way.ts';
import { messageOf, OperationError, PlainError } from '../../../errors.ts';
import type { Payload } from '../../../manifest/schema.ts';
import type { PayloadStore } from '../../../payload/store.ts';
import type { Drilling } from '../level.ts';

type Blaming = Pick<Drilling, 'store' | 'context'>;

/** Does something by hand; if that fails, tells whether the data is to blame. */
export async function blaming<T>(
  drilling: Blaming,
  payloads: readonly Payload[],
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof PlainError) || drilling.context.host.signal.aborted) throw error;
    throw await blamed(drilling, payloads, error);
  }
}

/** How `openstack` and `curl` say that a cloud does not answer, or not now. */
const SILENT =
  /\b(?:429|50[0234]): (?:Client|Server) Error|error: (?:429|50[0234])\b|\(HTTP (?:429|50[0234])\)|Unable to establish connection|Connection (?:aborted|refused|reset)/i;

/**
 * What is to blame for an error of commands: the data, if this program cannot open it either; else the way. The program
 * reads all of it for that.
 */
export async function blamed(
  { store, context: { host } }: Blaming,
  payloads: readonly Payload[],
  error: PlainError,
): Promise<PlainError> {
  if (error instanceof WayFailed || saysNothing(error)) return error;
  const damage = store && (await damageIn(store, payloads, host.signal));
  const said = messageOf(error);
  if (damage === undefined && SILENT.test(said))
    return new Unanswered(
      `the drill cannot go on, since the cloud does not answer: ${said}`,
      error.hint,
      error,
    );
  return damage === undefined
    ? new WayFailed(said, error.hint, error)
    : new OperationError(`${said}. The data itself is damaged: ${damage}`, error.hint, error);
}

/** Undefined if nothing wrong was seen; what cannot be read now may be right. */
async function damageIn(
  store: Pick<PayloadStore, 'open'>,
  payloads: readonly Payload[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const payload of payloads)
    try {
      for await (const _piece of await store.open(payload)) signal.throwIfAborted();
    } catch (error) {
      if (signal.aborted || !(error instanceof PlainError)) throw error;
      if (error instanceof OperationError) return messageOf(error);
    }
  return undefined;
}
