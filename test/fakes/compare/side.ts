import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Obj = { [key: string]: Value };

export interface Answer {
  label: string;
  status: number;
  headers: Record<string, string>;
  body: Value;
}

interface Sent {
  status: number;
  body: Value;
  headers: Headers;
}

const KEPT_HEADERS = [
  'content-type',
  'openstack-api-version',
  'location',
  'retry-after',
  'content-range',
  'content-md5',
];
/** Others have none that anybody needs. */
const OF_OBJECTS = [...KEPT_HEADERS, 'etag'];

export function isObj(value: Value | undefined): value is Obj {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function first(value: Value): Obj {
  const inner = isObj(value) ? Object.values(value)[0] : undefined;
  return isObj(inner) ? inner : {};
}

/** Glance gives tags in no order, Keystone roles. */
function ordered(key: string, value: Value): Value {
  if (key === 'boot_roles') return String(value).split(',').sort().join(',');
  return key === 'tags' && Array.isArray(value) ? [...value].sort() : value;
}

/** Ten minutes of the real cloud, where all cores may be busy. */
const MOST_POLLS = 600;

export class Side {
  readonly answers: Answer[];
  readonly #ids: Map<string, string>;
  readonly #bases: Record<string, string> = {};
  #token = '';
  #name = '';
  projectId = '';

  /** `beside` another user of the same cloud: both fill one list of answers. */
  private constructor(beside: Side | undefined) {
    this.answers = beside?.answers ?? [];
    this.#ids = beside === undefined ? new Map() : beside.#ids;
  }

  static async open(authUrl: string, name: string, password: string, beside?: Side): Promise<Side> {
    const side = new Side(beside);
    const response = await fetch(`${authUrl}/auth/tokens`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ['password'],
            password: { user: { name, password, domain: { name: 'Default' } } },
          },
          scope: { project: { name, domain: { name: 'Default' } } },
        },
      }),
    });
    side.#token = response.headers.get('x-subject-token') ?? '';
    const { token } = (await response.json()) as {
      token: {
        project: { id: string };
        catalog: { type: string; endpoints: { interface: string; url: string }[] }[];
      };
    };
    side.projectId = token.project.id;
    side.#name = name;
    for (const { type, endpoints } of token.catalog) {
      side.#bases[type] = endpoints.find((each) => each.interface === 'public')?.url ?? '';
    }
    return side;
  }

  /** `service` may carry a version: "volumev3 3.71". */
  async send(
    service: string,
    method: string,
    path: string,
    body?: Value | Buffer,
    extra: Record<string, string> = {},
  ): Promise<Sent> {
    const [type = '', version] = service.split(' ');
    const headers: Record<string, string> = { 'X-Auth-Token': this.#token, ...extra };
    const names: Record<string, string> = {
      volumev3: 'volume',
      compute: 'compute',
      'key-manager': 'key-manager',
    };
    if (version !== undefined) headers['OpenStack-API-Version'] = `${names[type]} ${version}`;
    if (body !== undefined && headers['Content-Type'] === undefined)
      headers['Content-Type'] = 'application/json';
    const response = await fetch((this.#bases[type] ?? '') + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: Buffer.isBuffer(body) ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    let parsed: Value = text;
    try {
      parsed = JSON.parse(text) as Value;
    } catch {
      // Glance's errors are HTML: the words are compared, not the page.
      parsed = text
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' ')
        // jsonschema goes on with the schema itself.
        .replace(/ Failed validating .*/, '')
        .trim();
    }
    return { status: response.status, body: parsed, headers: response.headers };
  }

  /** What a path holds, byte by byte. */
  async bytes(service: string, path: string): Promise<Buffer> {
    const response = await fetch((this.#bases[service] ?? '') + path, {
      headers: { 'X-Auth-Token': this.#token },
    });
    return Buffer.from(await response.arrayBuffer());
  }

  async ask(
    service: string,
    method: string,
    path: string,
    body?: Value | Buffer,
    extra: Record<string, string> = {},
  ): Promise<Obj> {
    const sent = await this.send(service, method, path, body, extra);
    const headers: Record<string, string> = {};
    for (const name of service === 'object-store' ? OF_OBJECTS : KEPT_HEADERS) {
      const value = sent.headers.get(name);
      if (value !== null) headers[name] = String(this.#plain(value)).replace(/;.*/, '').toLowerCase();
    }
    const shown = this.#plain(path);
    this.answers.push({
      label: `${service} ${method} ${String(shown)} ${body === undefined || Buffer.isBuffer(body) ? '' : JSON.stringify(this.#plain(body))}`,
      status: sent.status,
      headers,
      body: this.#plain(sent.body),
    });
    return isObj(sent.body) ? sent.body : {};
  }

  /** Announces more than it sends, and breaks off. */
  async cutUpload(path: string, bytes: Buffer, announced: number): Promise<void> {
    const upload = request((this.#bases['image'] ?? '') + path, {
      method: 'PUT',
      headers: {
        'X-Auth-Token': this.#token,
        'Content-Type': 'application/octet-stream',
        'Content-Length': announced,
      },
    });
    upload.on('error', () => undefined);
    upload.write(bytes);
    await sleep(300);
    upload.destroy();
    await sleep(this.isReal ? 1500 : 20);
  }

  async until(service: string, path: string, status: string): Promise<void> {
    for (let count = 0; count < 120; count += 1) {
      const { body } = await this.send(service, 'GET', path);
      if (first(body)['status'] === status) return;
      await sleep(this.isReal ? 1000 : 3);
    }
  }

  get isReal(): boolean {
    return this.#bases['volumev3']?.includes('8776') ?? false;
  }

  note(label: string, status: number, body: Value): void {
    this.answers.push({ label, status, headers: {}, body: this.#plain(body) });
  }

  /** Waits without recording, as the number of polls differs. */
  async settle(service: string, path: string): Promise<string> {
    for (let count = 0; count < MOST_POLLS; count += 1) {
      const { status, body } = await this.send(service, 'GET', path);
      const view = first(body);
      const state =
        status === 404
          ? 'gone'
          : String((isObj(body) && typeof body['status'] === 'string' ? body : view)['status']);
      if (!/^(?!error).*(ing$|backing-up|restoring-backup|queued|reserved|BUILD)/.test(state)) {
        // A server shows ACTIVE until it is gone.
        const leaving = view['OS-EXT-STS:task_state'] ?? null;
        if (leaving === null) return state;
      }
      await sleep(this.isReal ? 1000 : 3);
    }
    // What is asked next would differ for no better reason than a slow machine.
    throw new Error(`${path} did not settle`);
  }

  /** Hosts, ids and times by order of appearance. */
  #plain(value: Value): Value {
    if (typeof value === 'string') return value === this.#name ? '<me>' : this.#plainText(value);
    if (Array.isArray(value)) return value.map((each) => this.#plain(each));
    if (!isObj(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [key, this.#plain(ordered(key, each))]),
    );
  }

  #plainText(text: string): Value {
    const services: [string, string][] = Object.entries(this.#bases).map(([type, base]) => [
      type,
      base.replace(/\/v[0-9.]+(?:\/[0-9a-f]{32})?$/, ''),
    ]);
    // As long as all of Unicode.
    let out = text.replace(/(does not match '\^\[\\\\ -).*/s, '$1');
    for (const [type, base] of services)
      if (base !== '') out = out.replaceAll(base, `<${type.replace('block-storage', 'volumev3')}>`);
    out = out.replace(/req-[0-9a-f-]{36}|\btx[0-9a-f]{21}-[0-9a-f]+-[0-9a-f]+-default\b/g, '<request>');
    out = out.replace(/\b[0-9a-f]+-default-default\b/g, '<host>');
    out = out.replace(
      /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9a-f]{32}\b/g,
      (id) => {
        const known = this.#ids.get(id) ?? `<id${this.#ids.size + 1}>`;
        this.#ids.set(id, known);
        return known;
      },
    );
    out = out.replace(/\b[0-9a-f]{2}\/[0-9a-f]{2}\/(?=<id)/g, '<xx>/');
    out = out.replace(/\b[0-9a-f]{128}\b/g, '<sha512>');
    return out.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '<time>');
  }
}

/** Newest of Cinder and of Nova. */
export const C = 'volumev3 3.71';
export const N = 'compute 2.104';

export async function make(side: Side, service: string, path: string, body: Obj): Promise<string> {
  return String(first(await side.ask(service, 'POST', path, body))['id']);
}

/** What depends on the machine or on the guest is not compared: hosts, links of flavours, the image's hardware words. */
export async function view(
  side: Side,
  label: string,
  service: string,
  path: string,
  keys: readonly string[],
): Promise<void> {
  const { status, body } = await side.send(service, 'GET', path);
  const whole =
    isObj(body) && isObj(Object.values(body)[0]) && !('status' in body)
      ? first(body)
      : isObj(body)
        ? body
        : {};
  side.note(label, status, Object.fromEntries(keys.map((key) => [key, whole[key] ?? null])));
}
