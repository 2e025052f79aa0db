/** A bare client for the embedded cloud's own tests: no retries, no waiting but by ticks. */
import {
  type EmbeddedCloud,
  type EmbeddedCloudOptions,
  startEmbeddedCloud,
} from '../../fakes/cloud/index.ts';

/** JSON of any shape: a test reads straight into it, and an absent member is undefined. */
export type Loose = { readonly [key: string]: Loose } & (
  | string
  | number
  | boolean
  | null
  | unknown[]
  | object
);

export interface Answer {
  status: number;
  headers: Headers;
  body: Loose;
}

export interface Client {
  readonly cloud: EmbeddedCloud;
  readonly token: string;
  cinder(method: string, path: string, body?: unknown, version?: string): Promise<Answer>;
  image(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

const MIB = 1024 * 1024;

/** Manual ticks and a GiB of 4 MiB: what a test waits for is only what it asks for. */
export async function open(options: EmbeddedCloudOptions = {}, user = 'demo'): Promise<Client> {
  const cloud = await startEmbeddedCloud({ tickMs: 'manual', gibBytes: 4 * MIB, ...options });
  return as(cloud, user);
}

export function as(cloud: EmbeddedCloud, user: string): Client {
  const token = cloud.seed.token(user);
  const call: Client['call'] = async (method, path, body, headers = {}) => {
    const raw = Buffer.isBuffer(body) ? body : body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(cloud.origin + path, {
      method,
      headers: { 'X-Auth-Token': token.id, ...headers },
      ...(raw === undefined ? {} : { body: raw }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) };
  };
  const project = token.project?.id ?? '';
  return {
    cloud,
    token: token.id,
    call,
    cinder: (method, path, body, version = '3.71') =>
      call(method, `/volume/v3/${project}${path}`, body, { 'OpenStack-API-Version': `volume ${version}` }),
    image: (method, path, body, headers) => call(method, `/image/v2${path}`, body, headers),
  };
}

function parse(text: string): Loose {
  try {
    return JSON.parse(text) as Loose;
  } catch {
    return text as Loose;
  }
}
