import type { Budget } from './budget.ts';
import type { Device } from './device.ts';
import type { Incoming } from './incoming.ts';
import type { Agreed } from './negotiate.ts';
import type { Outgoing } from './outgoing.ts';
import {
  ALLOCATION_ID,
  CHUNK,
  COMMAND,
  chunkHead,
  dataChunk,
  ERRNO,
  errorChunk,
  HOLE_AND_ZEROS,
  holeChunk,
  ONE_EXTENT,
  parseRequest,
  REQUEST_BYTES,
  type Request,
  simpleReply,
  u32,
} from './protocol.ts';

/** Requests of one client that are worked on at a time; it waits with the others. */
const AT_ONCE = 4;
/** Bytes of one answer: clients that know no other limit ask for at most so many. */
export const LONGEST = 32 << 20;
/** Bytes that are read and sent at once. */
const PIECE = 1 << 20;
/** Extents in one answer; the client asks on behind them. */
const MOST_EXTENTS = 1024;

/** What the clients of a device share. */
export interface Shared {
  readonly device: Device;
  /** Memory of the answers of all clients: at least {@link LONGEST}. */
  readonly budget: Budget;
  /** Is told why a read failed; the client gets an I/O error. */
  onFailure(error: unknown): string;
}

/** Answers a client's requests until it ends, or sends what is no request. */
export async function transmit(
  incoming: Incoming,
  outgoing: Outgoing,
  agreed: Agreed,
  shared: Shared,
): Promise<void> {
  const working = new Set<Promise<void>>();
  for (;;) {
    while (working.size >= AT_ONCE) await Promise.race(working);
    const head = await incoming.take(REQUEST_BYTES);
    const request = head && parseRequest(head);
    if (request === undefined || request.type === COMMAND.disconnect) break;
    if (request.type === COMMAND.write) {
      // Its data comes behind it, and is no request.
      if (request.length > LONGEST || !(await incoming.skip(request.length))) break;
    }
    const work: Promise<void> = answer(request, outgoing, agreed, shared)
      .catch((error: unknown) => {
        shared.onFailure(error);
        outgoing.drop();
      })
      .finally(() => working.delete(work));
    working.add(work);
  }
  await Promise.all(working);
}

async function answer(request: Request, outgoing: Outgoing, agreed: Agreed, shared: Shared): Promise<void> {
  const { type, cookie, length } = request;
  const offset = Number(request.offset);
  const refuse = (error: number) =>
    outgoing.send(
      agreed.structured && (type === COMMAND.read || type === COMMAND.blockStatus)
        ? errorChunk(cookie, error, '')
        : simpleReply(cookie, error),
    );
  switch (type) {
    case COMMAND.write:
    case COMMAND.trim:
    case COMMAND.writeZeroes:
      return refuse(ERRNO.notPermitted);
    case COMMAND.flush:
      return refuse(0);
    case COMMAND.read:
    case COMMAND.blockStatus:
      break;
    default:
      return refuse(ERRNO.invalid);
  }
  // Beyond 2^53 a number is not exact, and beyond the end all the same.
  if (length === 0 || offset + length > shared.device.size) return refuse(ERRNO.invalid);
  if (type === COMMAND.blockStatus)
    return agreed.holes ? outgoing.send(...status(request, offset, shared.device)) : refuse(ERRNO.invalid);
  if (length > LONGEST) return refuse(ERRNO.invalid);
  return agreed.structured
    ? sendPieces(cookie, offset, length, outgoing, shared)
    : sendWhole(cookie, offset, length, outgoing, shared);
}

/** A simple reply says first whether all of it could be read. */
function sendWhole(
  cookie: bigint,
  offset: number,
  length: number,
  outgoing: Outgoing,
  { device, budget, onFailure }: Shared,
): Promise<void> {
  return budget.use(length, async () => {
    const pieces: Buffer[] = [];
    try {
      for (let at = 0; at < length && !outgoing.isGone; at += PIECE)
        pieces.push(await device.readAt(offset + at, Math.min(PIECE, length - at)));
    } catch (error) {
      onFailure(error);
      return outgoing.send(simpleReply(cookie, ERRNO.io));
    }
    return outgoing.send(simpleReply(cookie, 0), ...pieces);
  });
}

/** Structured replies come piece by piece, and say what is a hole. */
async function sendPieces(
  cookie: bigint,
  offset: number,
  length: number,
  outgoing: Outgoing,
  { device, budget, onFailure }: Shared,
): Promise<void> {
  const end = offset + length;
  for (let at = offset; at < end && !outgoing.isGone; ) {
    const extent = device.extentAt(at);
    const to = Math.min(end, extent.end, extent.hole ? end : at + PIECE);
    const [from, count] = [at, to - at];
    if (extent.hole) await outgoing.send(holeChunk(cookie, from, count, to === end));
    else {
      const failed = await budget.use(count, async () => {
        // It may have gone while it waited.
        if (outgoing.isGone) return undefined;
        try {
          const bytes = await device.readAt(from, count);
          await outgoing.send(dataChunk(cookie, from, count, to === end), bytes);
          return undefined;
        } catch (error) {
          return onFailure(error);
        }
      });
      if (failed !== undefined) return outgoing.send(errorChunk(cookie, ERRNO.io, failed));
    }
    at = to;
  }
}

/** Which parts of a range are holes, from its beginning on; not all of it if there are many. */
function status({ cookie, flags, length }: Request, offset: number, device: Device): Buffer[] {
  const most = (flags & ONE_EXTENT) === 0 ? MOST_EXTENTS : 1;
  const found: { hole: boolean; length: number }[] = [];
  for (let at = offset; at < offset + length; ) {
    const { hole, end } = device.extentAt(at);
    const count = Math.min(end, offset + length) - at;
    const last = found.at(-1);
    if (last?.hole === hole) last.length += count;
    else if (found.length === most) break;
    else found.push({ hole, length: count });
    at += count;
  }
  const parts = found.map((part) => Buffer.concat([u32(part.length), u32(part.hole ? HOLE_AND_ZEROS : 0)]));
  const data = Buffer.concat([u32(ALLOCATION_ID), ...parts]);
  return [chunkHead(cookie, CHUNK.blockStatus, data.length, true), data];
}
