import { lstat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { InputError, messageOf } from '../errors.ts';
import { quoted } from '../text/escape.ts';
import { Budget } from './budget.ts';
import type { Device } from './device.ts';
import { Incoming } from './incoming.ts';
import { negotiate } from './negotiate.ts';
import { Outgoing } from './outgoing.ts';
import { LONGEST, transmit } from './transmit.ts';

/** Clients at a time: nbdcopy and qemu-img open up to 16 connections each. */
const MOST_CLIENTS = 64;
/** How long a client may take to say what it wants, milliseconds. */
const HANDSHAKE = 30_000;
/** Memory of all answers. */
const ANSWERS = LONGEST;

/** Where clients come in: a new Unix socket that only its owner can use, or a port that everybody on this machine can. */
export type Where = { readonly socket: string } | { readonly port: number };

export interface Serving {
  /** What clients are told to connect to. */
  readonly uri: string;
  /** How many clients there are. */
  clients(): number;
  /** Lets all clients go, and removes the socket, unless another server has its place. */
  close(): Promise<void>;
}

/**
 * Serves a device until it is closed.
 *
 * @param onFailure is told why a read failed, and gives what the client is told
 * @throws InputError if something is at the path already, or the port is not free
 */
export async function serveNbd(
  where: Where,
  device: Device,
  onFailure: (error: unknown) => string,
): Promise<Serving> {
  const shared = { device, budget: new Budget(ANSWERS), onFailure };
  const clients = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    if (clients.size >= MOST_CLIENTS) {
      socket.destroy();
      return;
    }
    clients.add(socket);
    socket.on('close', () => clients.delete(socket));
    attend(socket, shared)
      .catch(onFailure)
      .finally(() => socket.destroySoon());
  });
  await listen(server, where);
  server.on('error', onFailure);
  const made = await nodeAt(where);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    uri:
      'socket' in where
        ? `nbd+unix:///?socket=${encodeURI(where.socket).replace(/[?&#+]/g, encodeURIComponent)}`
        : `nbd://127.0.0.1:${port}`,
    clients: () => clients.size,
    async close() {
      for (const socket of clients) socket.destroy();
      // Closing removes what lies at the path, whoever's it is.
      if ((await nodeAt(where)) !== made) server.unref();
      else await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function attend(socket: Socket, shared: Parameters<typeof transmit>[3]): Promise<void> {
  const incoming = new Incoming(socket);
  const outgoing = new Outgoing(socket, { isWanted: () => shared.budget.isWanted });
  const timer = setTimeout(() => socket.destroy(), HANDSHAKE);
  const agreed = await negotiate(incoming, outgoing, shared.device).finally(() => clearTimeout(timer));
  if (agreed !== undefined) await transmit(incoming, outgoing, agreed, shared);
}

async function listen(server: Server, where: Where): Promise<void> {
  const listening = Promise.withResolvers<void>();
  server.once('listening', listening.resolve);
  server.once('error', listening.reject);
  // node makes the socket before it returns, with these rights: nobody else can use it even for a moment.
  const mask = process.umask(0o177);
  try {
    if ('socket' in where) server.listen(where.socket);
    else server.listen(where.port, '127.0.0.1');
  } finally {
    process.umask(mask);
  }
  await listening.promise.catch((error: NodeJS.ErrnoException) => {
    throw notListening(where, error);
  });
}

/** Which socket lies at the path: no other one has its number as long as it is open. */
async function nodeAt(where: Where): Promise<string | undefined> {
  if ('port' in where) return undefined;
  return lstat(where.socket, { bigint: true }).then(
    ({ dev, ino }) => `${dev} ${ino}`,
    () => undefined,
  );
}

function notListening(where: Where, error: NodeJS.ErrnoException): InputError {
  if ('port' in where)
    return new InputError(
      `cannot listen on 127.0.0.1:${where.port}: ${messageOf(error)}`,
      'Choose another port with `listen`; port 0 takes a free one.',
      error,
    );
  const path = quoted(where.socket);
  if (error.code === 'EADDRINUSE')
    return new InputError(
      `there is something at ${path} already`,
      'Remove it if no server uses it any more, or choose another path with `socket`.',
      error,
    );
  return new InputError(
    `cannot make the socket ${path}: ${messageOf(error)}`,
    'Choose a path in a directory that you can write to with `socket`, of at most 100 bytes.',
    error,
  );
}
