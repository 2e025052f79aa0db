/** A service that waits for heartbeats, on loopback. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { type AddressInfo, connect } from 'node:net';

export interface Heartbeats extends AsyncDisposable {
  /** Secret. */
  readonly url: string;
  readonly secret: string;
  /** "GET /start", and the body behind a POST. What is asked elsewhere is "other". */
  readonly told: string[];
  readonly bodies: string[];
  /** Answers to come instead of 200; `hang` never answers. */
  readonly answers: (number | 'hang')[];
}

/** @param tls its key and certificate, PEM */
export async function startHeartbeats(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<Heartbeats> {
  const secret = '1f6e3c2a-8d4b-4f0a-9b61-2c7f5a3e9d10';
  const told: string[] = [];
  const bodies: string[] = [];
  const answers: (number | 'hang')[] = [];
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? '';
    told.push(
      path.startsWith(`/${secret}`) ? `${request.method} ${path.slice(secret.length + 1)}`.trim() : 'other',
    );
    bodies.push(Buffer.concat(chunks).toString());
    const answer = answers.shift() ?? 200;
    // As some servers do, it repeats what it was asked for.
    if (answer !== 'hang') response.writeHead(answer).end(`no check at ${path}`);
  };
  const server =
    tls === undefined ? createServer(listener) : (createSecure(tls, listener) as unknown as Server);
  const port = await listening(server);
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/${secret}`,
    secret,
    told,
    bodies,
    answers,
    [Symbol.asyncDispose]: () => ended(server),
  };
}

/** A proxy that only tunnels, and says whereto. */
export async function startProxy(): Promise<
  AsyncDisposable & { readonly url: string; readonly tunnels: string[] }
> {
  const tunnels: string[] = [];
  const server = createServer();
  server.on('connect', (request, client) => {
    tunnels.push(request.url ?? '');
    const { hostname, port } = new URL(`http://${request.url}`);
    const upstream = connect(Number(port), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    for (const end of [client, upstream]) end.on('error', () => undefined);
  });
  const port = await listening(server);
  return { url: `http://127.0.0.1:${port}`, tunnels, [Symbol.asyncDispose]: () => ended(server) };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function ended(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
