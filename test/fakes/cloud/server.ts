/** One listener for all services: gathers bodies, keeps the log, lets the faults strike, writes the answers. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Core } from './core.ts';
import type { FaultDeed, Faults } from './faults.ts';
import {
  type Call,
  type JobEnd,
  JobFailure,
  type Json,
  parseJson,
  Refusal,
  type Reply,
  type Service,
  type StreamBody,
} from './http.ts';
import { uuid } from './state.ts';
import { renderPage } from './webob.ts';

export interface LoggedRequest {
  method: string;
  /** With prefix, without query. */
  path: string;
  query: string;
  /** Undefined until answered, and for ever when the answer was lost. */
  status: number | undefined;
  /** Parsed JSON, or undefined. */
  body: Json | undefined;
  headers: IncomingMessage['headers'];
  time: Date;
}

export interface Listening {
  readonly origin: string;
  readonly server: Server;
  /** Says which services answer, once they know the origin. */
  serve(services: readonly Service[], core: Core): void;
  close(): Promise<void>;
}

interface Front {
  readonly core: Core;
  readonly services: readonly Service[];
  readonly faults: Faults;
  readonly requests: LoggedRequest[];
  readonly errors: unknown[];
  /** Ids that GETs do not find yet: id to the number of 404s left. */
  readonly hidden: Map<string, number>;
}

export async function listen(
  faults: Faults,
  requests: LoggedRequest[],
  errors: unknown[],
): Promise<Listening> {
  let front: Front | undefined;
  const server = createServer((request, response) => {
    if (front === undefined) response.destroy();
    else void answer(front, request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    server,
    serve: (services, core) => {
      front = { core, services, faults, requests, errors, hidden: new Map() };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function gather(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function serviceOf(front: Front, path: string): Service | undefined {
  return front.services.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
}

async function answer(front: Front, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', front.core.origin);
  const logged: LoggedRequest = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.search,
    status: undefined,
    body: undefined,
    headers: request.headers,
    time: new Date(),
  };
  front.requests.push(logged);
  response.setHeader('Date', new Date(front.core.clock.ms).toUTCString());
  try {
    await respond(front, request, response, url, logged);
  } catch (error) {
    // A client that breaks off is no error of the cloud.
    if (!request.destroyed && !response.destroyed) front.errors.push(error);
    response.destroy();
  }
}

async function respond(
  front: Front,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  logged: LoggedRequest,
): Promise<void> {
  const { method } = logged;
  const service = serviceOf(front, url.pathname);
  if (service === undefined) {
    request.resume();
    await write(response, { status: 404, bytes: Buffer.from('no such service') }, undefined);
    return;
  }
  const path = url.pathname.slice(service.prefix.length) || '/';
  const streams = service.streams?.(method, path) ?? false;
  const raw = streams ? Buffer.alloc(0) : await gather(request);
  logged.body = raw.length > 0 ? parseJson(raw) : undefined;
  const deeds = front.faults.strike({
    service: service.name,
    method,
    path: url.pathname + url.search,
    body: logged.body,
  });
  if (deeds.includes('connection-reset')) {
    request.socket.destroy();
    return;
  }
  if (deeds.includes('cut-upload')) cutInTheMiddle(request);
  const made: string[] = [];
  const call = makeCall(front, service, { request, url, path, raw, method, deeds, made });
  const produced = await produce(front, service, call, deeds);
  const after = deeds.find((deed) => typeof deed === 'object' && 'doneThen' in deed);
  const reply = rendered(
    after === undefined ? produced : service.error(after.doneThen, `fault: ${after.doneThen}`),
    request,
  );
  afterwards(front, call, deeds, made);
  if (deeds.includes('lost-response')) {
    request.socket.destroy();
    return;
  }
  logged.status = reply.status;
  const headers = { 'x-openstack-request-id': call.requestId, ...reply.headers };
  if (streams) request.resume();
  await write(response, { ...reply, headers }, deeds.find(isAboutTheBody));
}

interface CallParts {
  request: IncomingMessage;
  url: URL;
  path: string;
  raw: Buffer;
  method: string;
  deeds: readonly FaultDeed[];
  made: string[];
}

function makeCall(front: Front, service: Service, parts: CallParts): Call {
  const { core } = front;
  return {
    service: service.name,
    method: parts.method,
    path: parts.path,
    query: parts.url.searchParams,
    headers: parts.request.headers,
    raw: parts.raw,
    message: parts.request,
    requestId: `req-${uuid()}`,
    linkOrigin: core.options.foreignLinks ? 'http://internal.invalid' : core.origin,
    job: (end) => startJob(core, end, parts.deeds),
    created: (id) => {
      parts.made.push(id);
    },
  };
}

function startJob(core: Core, end: JobEnd, deeds: readonly FaultDeed[]): void {
  const planned = deeds.find((deed) => typeof deed === 'object' && 'failLater' in deed);
  const stuck = deeds.includes('stuck');
  const guarded = (run: () => void | Promise<void>) => async (): Promise<boolean> => {
    try {
      await run();
      return true;
    } catch (error) {
      if (!(error instanceof JobFailure)) throw error;
      await end.fail(error);
      return false;
    }
  };
  const finish = guarded(() => {
    if (planned !== undefined) throw new JobFailure(planned.failLater, planned.detail);
    return end.done();
  });
  const { begin } = end;
  if (begin === undefined) {
    if (!stuck) core.ticks.after(end.ticks, async () => void (await finish()));
    return;
  }
  core.ticks.after(1, async () => {
    const begun = await guarded(begin)();
    if (begun && !stuck) core.ticks.after(end.ticks - 1, async () => void (await finish()));
  });
}

function rendered(reply: Reply, { headers }: IncomingMessage): Reply {
  if (reply.page === undefined) return reply;
  const { type, bytes } = renderPage(reply.status, reply.page, headers.accept);
  return { ...reply, headers: { 'Content-Type': type, ...reply.headers }, bytes };
}

/** Refused by a fault, hidden by an earlier one, or carried out. */
async function produce(
  front: Front,
  service: Service,
  call: Call,
  deeds: readonly FaultDeed[],
): Promise<Reply> {
  const planned = deeds.find((deed) => typeof deed === 'object' && 'status' in deed);
  if (planned !== undefined) {
    const { bytes, ...reply } = service.error(planned.status, planned.message ?? `fault: ${planned.status}`);
    return {
      ...reply,
      ...(planned.body === undefined ? (bytes === undefined ? {} : { bytes }) : { json: planned.body }),
      headers: { ...reply.headers, ...planned.headers },
    };
  }
  const veiled =
    call.method === 'GET'
      ? call.path.split('/').find((part) => (front.hidden.get(part) ?? 0) > 0)
      : undefined;
  if (veiled !== undefined) {
    front.hidden.set(veiled, (front.hidden.get(veiled) ?? 0) - 1);
    return service.notFound(call.path);
  }
  try {
    return await service.handle(call);
  } catch (error) {
    if (error instanceof Refusal) return error.reply;
    // A client that breaks off in the middle of its body is no error of the cloud. Node's errors are of another realm.
    if ((error as { code?: unknown }).code !== 'ECONNRESET') front.errors.push(error);
    return service.error(500, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function afterwards(front: Front, call: Call, deeds: readonly FaultDeed[], made: readonly string[]): void {
  for (const deed of deeds) {
    if (typeof deed === 'object' && 'notFoundAfterCreate' in deed) {
      for (const id of made) front.hidden.set(id, deed.notFoundAfterCreate);
    }
    if (deed === 'token-dies') {
      const id = call.headers['x-auth-token'];
      const token = typeof id === 'string' ? front.core.state.tokens.get(id) : undefined;
      if (token !== undefined) token.alive = false;
    }
  }
}

/** Listens beside whoever reads the body. */
function cutInTheMiddle(request: IncomingMessage): void {
  const half = Number(request.headers['content-length'] ?? 0) / 2;
  let came = 0;
  const count = (part: Buffer): void => {
    came += part.length;
    if (came >= half) request.socket.destroy();
  };
  // Not before the reader: who listens first lets the body flow.
  setImmediate(() => request.on('data', count));
}

type BodyDeed = 'cut-body' | 'flipped-bit' | { slowBody: number };

function isAboutTheBody(deed: FaultDeed): deed is BodyDeed {
  return deed === 'cut-body' || deed === 'flipped-bit' || (typeof deed === 'object' && 'slowBody' in deed);
}

function bodyOf(reply: Reply): StreamBody {
  if (reply.stream !== undefined) return reply.stream;
  const bytes =
    reply.bytes ?? (reply.json === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(reply.json)));
  return { length: bytes.length, chunks: [bytes] };
}

async function write(response: ServerResponse, reply: Reply, deed: BodyDeed | undefined): Promise<void> {
  const body = bodyOf(reply);
  response.statusCode = reply.status;
  if (reply.json !== undefined) response.setHeader('Content-Type', 'application/json');
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  const bare = reply.status === 204 || reply.status === 304;
  if (!bare) response.setHeader('Content-Length', body.length);
  if (deed === 'cut-body') {
    await send(response, firstHalf(body), 0);
    // Give the half a moment to leave, else the client may see a bare reset without any byte.
    response.flushHeaders();
    await sleep(5);
    response.destroy();
    return;
  }
  if (deed === 'flipped-bit') await send(response, flipped(body), 0);
  else if (deed === undefined) await send(response, body.chunks, 0);
  else await send(response, inPieces(body, 10), deed.slowBody / 10);
  response.end();
}

async function send(response: ServerResponse, chunks: Iterable<Buffer>, pause: number): Promise<void> {
  for (const chunk of chunks) {
    if (response.destroyed) return;
    if (pause > 0) await pauseOf(response, pause);
    if (!response.write(chunk)) await drained(response);
  }
}

/** Over at once where nobody waits for more. */
function pauseOf(response: ServerResponse, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      response.off('close', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    response.on('close', over);
  });
}

function* firstHalf(body: StreamBody): Generator<Buffer> {
  let left = Math.floor(body.length / 2);
  for (const chunk of body.chunks) {
    if (left <= 0) return;
    yield chunk.subarray(0, left);
    left -= chunk.length;
  }
}

function* flipped(body: StreamBody): Generator<Buffer> {
  const middle = Math.floor(body.length / 2);
  let at = 0;
  for (const chunk of body.chunks) {
    const changed = Buffer.from(chunk);
    if (middle >= at && middle < at + chunk.length)
      changed.writeUInt8(changed.readUInt8(middle - at) ^ 1, middle - at);
    yield changed;
    at += chunk.length;
  }
}

function* inPieces(body: StreamBody, count: number): Generator<Buffer> {
  const size = Math.max(1, Math.ceil(body.length / count));
  for (const chunk of body.chunks) {
    for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size);
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
