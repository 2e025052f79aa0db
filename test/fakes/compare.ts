/**
 * Is the embedded cloud still like the real one? Runs one scenario against both with the demo user's rights and prints
 * where the answers differ, ids, times and hosts aside.
 *
 *   node test/fakes/compare.ts [http://127.0.0.1:5000/v3 [errors compute secrets images volumes servers]]
 *
 * COMPARE_USER names another user whose project has the same name (password secret), where others use demo meanwhile.
 * Leaves nothing behind in the real cloud. Exit 1 where something differs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { startEmbeddedCloud } from './cloud/index.ts';

type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
type Obj = { [key: string]: Value };

interface Answer {
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

function isObj(value: Value | undefined): value is Obj {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function first(value: Value): Obj {
  const inner = isObj(value) ? Object.values(value)[0] : undefined;
  return isObj(inner) ? inner : {};
}

class Side {
  readonly answers: Answer[] = [];
  readonly #ids = new Map<string, string>();
  readonly #bases: Record<string, string> = {};
  #token = '';

  static async open(authUrl: string, name: string, password: string): Promise<Side> {
    const side = new Side();
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
      token: { catalog: { type: string; endpoints: { interface: string; url: string }[] }[] };
    };
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
        .trim();
    }
    return { status: response.status, body: parsed, headers: response.headers };
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
    for (const name of KEPT_HEADERS) {
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
    for (let count = 0; count < 180; count += 1) {
      const { status, body } = await this.send(service, 'GET', path);
      const view = first(body);
      const state =
        status === 404
          ? 'gone'
          : String((isObj(body) && typeof body['status'] === 'string' ? body : view)['status']);
      if (!/ing$|backing-up|restoring-backup|queued|reserved|BUILD/.test(state)) {
        // A server shows ACTIVE until it is gone.
        const leaving = view['OS-EXT-STS:task_state'] ?? null;
        if (leaving === null) return state;
      }
      await sleep(this.isReal ? 1000 : 3);
    }
    return 'timeout';
  }

  /** Hosts, ids and times by order of appearance. */
  #plain(value: Value): Value {
    if (typeof value === 'string') return this.#plainText(value);
    if (Array.isArray(value)) return value.map((each) => this.#plain(each));
    if (!isObj(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#plain(each)]));
  }

  #plainText(text: string): Value {
    const services: [string, string][] = Object.entries(this.#bases).map(([type, base]) => [
      type,
      base.replace(/\/v[0-9.]+(?:\/[0-9a-f]{32})?$/, ''),
    ]);
    let out = text;
    for (const [type, base] of services)
      if (base !== '') out = out.replaceAll(base, `<${type.replace('block-storage', 'volumev3')}>`);
    out = out.replace(/req-[0-9a-f-]{36}/g, '<request>');
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

const C = 'volumev3 3.71';

async function cinderErrors(side: Side): Promise<void> {
  const none = '/volumes/11111111-1111-4111-8111-111111111111';
  await side.ask(C, 'GET', none);
  await side.ask(C, 'GET', '/backups/zz');
  await side.ask(C, 'GET', '/snapshots/zz');
  await side.ask(C, 'GET', '/types/zz');
  await side.ask(C, 'GET', '/nothing');
  await side.ask(C, 'GET', '/volumes?bogus=1');
  await side.ask('volumev3', 'GET', '/volumes?name=nobody&bogus=1');
  await side.ask(C, 'GET', '/volumes?limit=x');
  await side.ask(C, 'GET', '/volumes?limit=-1');
  await side.ask(C, 'GET', '/volumes?marker=zz');
  await side.ask(C, 'GET', '/volumes?sort=bogus:asc');
  await side.ask(C, 'GET', '/volumes?sort=name:up');
  await side.ask(C, 'GET', '/volumes?sort=name:asc&sort_key=name');
  await side.ask('volumev3 3.99', 'GET', '/volumes');
  await side.ask('volumev3 abc', 'GET', '/volumes');
  await side.ask('volumev3', 'GET', '/messages');
  await side.ask('volumev3', 'PUT', '/backups/zz', { backup: { name: 'x' } });
  await side.ask(C, 'GET', '/types/default');
  for (const body of [
    { backup: { foo: 1 } },
    { backup: { volume_id: 'x' } },
    { backup: { volume_id: none.slice(9), foo: 1 } },
    { backup: { volume_id: none.slice(9), force: 'maybe' } },
    { backup: { volume_id: none.slice(9), name: 5 } },
    { backup: { volume_id: none.slice(9), name: 'x'.repeat(300) } },
    { backup: { volume_id: none.slice(9), metadata: { 'a*b': 'c' } } },
    { backup: { volume_id: none.slice(9), metadata: { a: 1 } } },
    { backup: { volume_id: none.slice(9), snapshot_id: 'x' } },
    { backup: { volume_id: none.slice(9) } },
    { backup: 'text' },
    { other: {} },
    { backup: { volume_id: none.slice(9) }, more: 1 },
  ] as Obj[]) {
    await side.ask(C, 'POST', '/backups', body);
  }
  for (const body of [
    { volume: {} },
    { volume: { size: 0 } },
    { volume: { size: 'x' } },
    { volume: { size: '1', foo: 'a' } },
    { volume: { size: 1, volume_type: 'nope' } },
    { volume: { size: 1, volume_type: none.slice(9) } },
    { volume: { size: 1, availability_zone: 'nope' } },
    { volume: { size: 1, imageRef: 'nope' } },
    { volume: { size: 1, snapshot_id: none.slice(9) } },
    { volume: { size: 1, source_volid: none.slice(9) } },
    { volume: { size: 1, backup_id: none.slice(9) } },
    { volume: { size: 1, multiattach: 'x' } },
    { volume: { size: 1, metadata: { a: null } } },
  ] as Obj[]) {
    await side.ask(C, 'POST', '/volumes', body);
  }
  await side.ask(C, 'POST', '/snapshots', { snapshot: { name: 'x' } });
  await side.ask(C, 'POST', '/snapshots', { snapshot: { volume_id: none.slice(9) } });
  await side.ask(C, 'POST', '/volumes', Buffer.from('junk'));
  await side.ask(C, 'POST', '/volumes', Buffer.from('[]'));
}

async function make(side: Side, service: string, path: string, body: Obj): Promise<string> {
  return String(first(await side.ask(service, 'POST', path, body))['id']);
}

async function volumesAndBackups(side: Side): Promise<string[]> {
  const made: string[] = [];
  const vp = await make(side, C, '/volumes', {
    volume: { size: 1, name: ' cmp plain ', metadata: { a: '1' } },
  });
  const vl = await make(side, 'volumev3', '/volumes', {
    volume: { size: 1, name: 'cmp luks', volume_type: 'luks' },
  });
  made.push(`/volumes/${vp}`, `/volumes/${vl}`);
  await side.settle(C, `/volumes/${vp}`);
  await side.settle(C, `/volumes/${vl}`);
  for (const version of ['3.71', '3.64', '3.63', '3.62', '3.47', '3.42', '3.0']) {
    await side.ask(`volumev3 ${version}`, 'GET', `/volumes/${vl}`);
  }
  await side.ask(C, 'GET', `/volumes/${vl}/encryption`);
  await side.ask(C, 'GET', `/volumes/${vp}/encryption`);
  await side.ask(C, 'GET', `/volumes/${vl}/encryption/cipher`);
  await side.ask(C, 'GET', `/volumes?name=cmp%20plain&limit=1`);
  await side.ask(C, 'GET', `/volumes/detail?metadata={'a':'1'}&name=cmp plain`);
  await side.ask(C, 'GET', `/volumes?name=cmp%20plain&with_count=true`);
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: vp, incremental: true } });
  const b1 = await make(side, C, '/backups', { backup: { volume_id: vp, name: 'b1', metadata: { x: 'y' } } });
  // Its zone comes a moment later, when the backup service takes it up.
  await view(side, 'backup at first', C, `/backups/${b1}`, [
    'status',
    'size',
    'object_count',
    'container',
    'is_incremental',
  ]);
  await side.ask(C, 'GET', `/volumes/${vp}`);
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: vp } });
  await side.ask(C, 'DELETE', `/volumes/${vp}`);
  await side.ask(C, 'DELETE', `/backups/${b1}`);
  await side.ask(C, 'POST', '/snapshots', { snapshot: { volume_id: vp } });
  await side.ask(C, 'POST', `/volumes/${vp}/action`, { 'os-volume_upload_image': { image_name: 'no' } });
  await side.ask(C, 'POST', `/volumes/${vp}/action`, { 'os-extend': { new_size: 2 } });
  await side.settle(C, `/backups/${b1}`);
  await side.ask(C, 'GET', `/backups/${b1}`);
  await side.ask('volumev3 3.42', 'GET', `/backups/${b1}`);
  const b2 = await make(side, C, '/backups', { backup: { volume_id: vp, name: 'b2', incremental: true } });
  await side.settle(C, `/backups/${b2}`);
  await side.ask(C, 'GET', `/backups/${b2}`);
  await side.ask(C, 'GET', `/backups/${b1}`);
  await side.ask(C, 'DELETE', `/backups/${b1}`);
  await side.ask(C, 'GET', `/backups?volume_id=${vp}&sort=name:asc`);
  await side.ask(C, 'GET', `/backups/detail?volume_id=${vp}&name=b1&limit=1`);
  await side.ask(C, 'PUT', `/backups/${b2}`, { backup: { name: 'renamed', metadata: { k: 'v' } } });
  await side.ask(C, 'PUT', `/backups/${b2}`, { backup: { bad: 'x' } });
  await side.ask(C, 'GET', `/backups/${b2}/export_record`);
  await side.ask(C, 'POST', `/backups/${b2}/action`, { 'os-reset_status': { status: 'error' } });
  const bl = await make(side, C, '/backups', { backup: { volume_id: vl, name: 'bl' } });
  await side.settle(C, `/backups/${bl}`);
  await side.ask(C, 'GET', `/backups/${bl}`);
  // An encrypted backup over a plain type: accepted, then error_restoring.
  await side.ask(C, 'POST', `/backups/${bl}/restore`, { restore: { volume_id: vp } });
  await side.ask(C, 'GET', `/backups/${bl}`);
  await side.settle(C, `/volumes/${vp}`);
  await side.ask(C, 'GET', `/volumes/${vp}`);
  await side.ask(C, 'GET', `/messages?resource_uuid=${bl}`);
  await side.ask(C, 'GET', `/messages?resource_uuid=${vp}`);
  await side.ask(C, 'POST', `/backups/${bl}/restore`, { restore: { volume_id: vp } });
  const w0 = await make(side, 'volumev3', '/volumes', { volume: { size: 1, backup_id: b2 } });
  const w1 = await make(side, C, '/volumes', { volume: { backup_id: bl, volume_type: 'luks', name: 'w1' } });
  made.push(`/volumes/${w0}`, `/volumes/${w1}`);
  await side.settle(C, `/volumes/${w0}`);
  await side.settle(C, `/volumes/${w1}`);
  await side.ask(C, 'GET', `/volumes/${w0}`);
  await side.ask(C, 'GET', `/volumes/${w1}`);
  await side.ask(C, 'POST', '/volumes', { volume: { size: 1, backup_id: b2, source_volid: w0 } });
  await side.ask(C, 'POST', `/volumes/${w0}/action`, { 'os-extend': { new_size: 2 } });
  await side.settle(C, `/volumes/${w0}`);
  const b3 = await make(side, C, '/backups', { backup: { volume_id: w0, name: 'b3' } });
  await side.settle(C, `/backups/${b3}`);
  await side.ask(C, 'POST', `/backups/${b3}/restore`, { restore: { volume_id: w1 } });
  // A plain backup over an encrypted type: no word, and the key is gone.
  await side.ask(C, 'POST', `/backups/${b2}/restore`, { restore: { volume_id: w1 } });
  await side.settle(C, `/volumes/${w1}`);
  await side.ask(C, 'GET', `/volumes/${w1}`);
  await side.ask(C, 'GET', `/volumes/${w1}/encryption`);
  made.unshift(`/backups/${b3}`, `/backups/${b2}`, `/backups/${b1}`, `/backups/${bl}`);
  const snapshot = await make(side, C, '/snapshots', {
    snapshot: { volume_id: vl, name: 's', force: true, metadata: { q: 'r' } },
  });
  await side.settle(C, `/snapshots/${snapshot}`);
  await side.ask(C, 'GET', `/snapshots/${snapshot}`);
  await side.ask('volumev3', 'GET', `/snapshots/${snapshot}`);
  await side.ask(C, 'GET', '/snapshots?name=s');
  await side.ask(C, 'GET', '/snapshots/detail?name=s');
  await side.ask(C, 'POST', '/snapshots', { snapshot: { volume_id: vl, force: false } });
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: vp, snapshot_id: snapshot } });
  await side.ask(C, 'POST', '/volumes', { volume: { snapshot_id: snapshot, volume_type: 'standard' } });
  const sv = await make(side, C, '/volumes', { volume: { snapshot_id: snapshot, name: 'sv' } });
  await side.settle(C, `/volumes/${sv}`);
  await side.ask(C, 'GET', `/volumes/${sv}`);
  await side.ask(C, 'DELETE', `/volumes/${vl}`);
  // Incremental from a snapshot: the parent is bl, older than the snapshot.
  const bs = await make(side, C, '/backups', {
    backup: { volume_id: vl, snapshot_id: snapshot, incremental: true, name: 'bs' },
  });
  await side.ask(C, 'GET', `/snapshots/${snapshot}`);
  await side.ask(C, 'GET', `/volumes/${vl}`);
  await side.settle(C, `/backups/${bs}`);
  await side.ask(C, 'GET', `/backups/${bs}`);
  await side.ask(C, 'GET', `/backups/${bl}`);
  made.unshift(`/backups/${bs}`, `/volumes/${sv}`, `/snapshots/${snapshot}`);
  await actions(side, vl);
  made.unshift(...(await imageRoute(side, vl)));
  return made;
}

async function actions(side: Side, volume: string): Promise<void> {
  const path = `/volumes/${volume}/action`;
  for (const body of [
    { 'os-set_bootable': { bootable: true } },
    { 'os-set_bootable': { bootable: 'x' } },
    { 'os-set_image_metadata': { metadata: { hw_x: '1' } } },
    { 'os-show_image_metadata': null },
    { 'os-unset_image_metadata': { key: 'nope' } },
    { 'os-extend': { new_size: 1 } },
    { 'os-extend': { new_size: 'x' } },
    { 'os-bogus': {} },
    { 'os-reset_status': { status: 'error' } },
    { 'os-volume_upload_image': { image_name: 'x', disk_format: 'qcow2' } },
    { 'os-volume_upload_image': { disk_format: 'raw' } },
    { 'os-volume_upload_image': { image_name: 'x', disk_format: 'bogus' } },
    { a: 1, b: 2 },
  ] as Obj[]) {
    await side.ask(C, 'POST', path, body);
  }
  await side.ask(C, 'POST', `/volumes/${volume}/metadata`, { metadata: { a: 'b' } });
  await side.ask(C, 'PUT', `/volumes/${volume}/metadata`, { metadata: { c: 'd' } });
  await side.ask(C, 'GET', `/volumes/${volume}/metadata/c`);
  await side.ask(C, 'GET', `/volumes/${volume}/metadata/zz`);
  await side.ask(C, 'PUT', `/volumes/${volume}/metadata/c`, { meta: { c: 'e' } });
  await side.ask(C, 'PUT', `/volumes/${volume}/metadata/c`, { meta: { d: 'e' } });
  await side.ask(C, 'DELETE', `/volumes/${volume}/metadata/c`);
  await side.ask(C, 'POST', `/volumes/${volume}/metadata`, { metadata: { a: 5 } });
  await side.ask(C, 'POST', `/volumes/${volume}/metadata`, { wrong: {} });
  await side.ask(C, 'PUT', `/volumes/${volume}`, { volume: { name: 'nn', metadata: { z: '1' } } });
  await side.ask(C, 'PUT', `/volumes/${volume}`, { volume: {} });
  await side.ask(C, 'PUT', `/volumes/${volume}`, { volume: { bad: 1 } });
}

async function imageRoute(side: Side, volume: string): Promise<string[]> {
  const up = first(
    await side.ask(C, 'POST', `/volumes/${volume}/action`, {
      'os-volume_upload_image': { image_name: 'cmp up', visibility: 'private' },
    }),
  );
  const image = String(up['image_id']);
  await side.ask(C, 'GET', `/volumes/${volume}`);
  await side.settle(C, `/volumes/${volume}`);
  const view = await side.send('image', 'GET', `/v2/images/${image}`);
  const size = isObj(view.body) ? Number(view.body['size']) : 0;
  side.answers.push({
    label: 'uploaded image: size, keys',
    status: view.status,
    headers: {},
    body: [size, isObj(view.body) ? Object.keys(view.body).sort() : []],
  });
  await side.ask(C, 'POST', '/volumes', { volume: { imageRef: image, size: 1, volume_type: 'luks' } });
  const made = await make(side, C, '/volumes', {
    volume: { imageRef: image, size: 2, volume_type: 'luks', name: 'vi' },
  });
  await side.settle(C, `/volumes/${made}`);
  const restored = first((await side.send(C, 'GET', `/volumes/${made}`)).body);
  const inherited = restored['volume_image_metadata'];
  side.answers.push({
    label: 'volume from encrypted image',
    status: 200,
    headers: {},
    body: [
      restored['status'] ?? null,
      restored['bootable'] ?? null,
      restored['encrypted'] ?? null,
      isObj(inherited) ? Object.keys(inherited).sort() : [],
    ],
  });
  await side.send('image', 'DELETE', `/v2/images/${image}`);
  return [`/volumes/${made}`];
}

async function images(side: Side): Promise<void> {
  const path = '/v2/images';
  const id = String(
    (
      await side.ask('image', 'POST', path, {
        name: 'cmp',
        disk_format: 'raw',
        container_format: 'bare',
        foo: 'bar',
        tags: ['t1'],
      })
    )['id'],
  );
  const one = `${path}/${id}`;
  const bytes = { 'Content-Type': 'application/octet-stream' };
  const patch = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' };
  await side.ask('image', 'GET', `${one}/file`);
  for (const body of [
    { id },
    { status: 'active' },
    { os_glance_x: 'a' },
    { owner: 'abc' },
    { visibility: 'public' },
    { stores: 'x' },
    { locations: [] },
  ] as Obj[]) {
    await side.ask('image', 'POST', path, body);
  }
  await side.ask('image', 'POST', path, Buffer.from('junk'));
  await side.ask('image', 'PUT', `${one}/file`, Buffer.from('x'));
  await side.ask('image', 'PUT', `${one}/file`, Buffer.from('hello world'), bytes);
  await side.ask('image', 'GET', one);
  await side.ask('image', 'PUT', `${one}/file`, Buffer.from('again'), bytes);
  await side.ask('image', 'GET', `${one}/file`);
  for (const range of [
    'bytes=2-4',
    'bytes=6-',
    'bytes=-3',
    'bytes=9-100',
    'bytes=11-',
    'junk',
    'bytes=0-1,4-5',
  ]) {
    await side.ask('image', 'GET', `${one}/file`, undefined, { Range: range });
  }
  await side.ask('image', 'PATCH', one, Buffer.from('[]'));
  for (const changes of [
    [
      { op: 'add', path: '/a~1b', value: 'c' },
      { op: 'replace', path: '/protected', value: true },
    ],
    [{ op: 'remove', path: '/nope' }],
    [{ op: 'replace', path: '/nope', value: 'x' }],
    [{ op: 'replace', path: '/status', value: 'x' }],
    [{ op: 'replace', path: '/disk_format', value: 'qcow2' }],
  ] as Value[]) {
    await side.ask('image', 'PATCH', one, Buffer.from(JSON.stringify(changes)), patch);
  }
  await side.ask('image', 'DELETE', one);
  await side.ask(
    'image',
    'PATCH',
    one,
    Buffer.from('[{"op":"replace","path":"/protected","value":false}]'),
    patch,
  );
  await side.ask('image', 'PUT', `${one}/tags/new%20tag`);
  await side.ask('image', 'DELETE', `${one}/tags/t1`);
  await side.ask('image', 'DELETE', `${one}/tags/zz`);
  await side.ask('image', 'POST', `${one}/members`, { member: 'abcdef' });
  await side.ask('image', 'POST', `${one}/members`, { member: 'abcdef' });
  await side.ask('image', 'GET', `${one}/members`);
  await side.ask('image', 'PUT', `${one}/members/abcdef`, { status: 'accepted' });
  await side.ask('image', 'DELETE', `${one}/members/abcdef`);
  await side.ask('image', 'DELETE', `${one}/members/abcdef`);
  await side.ask('image', 'GET', `${path}/zz`);
  await side.ask('image', 'GET', `${path}?name=cmp&limit=1`);
  await side.ask('image', 'GET', `${path}?name=nobody`);
  await side.ask('image', 'GET', `${path}?limit=x`);
  await side.ask('image', 'GET', `${path}?marker=zz`);
  const bad = String(
    (await side.ask('image', 'POST', path, { name: 'q', disk_format: 'qcow2', container_format: 'bare' }))[
      'id'
    ],
  );
  await side.ask('image', 'PUT', `${path}/${bad}/file`, Buffer.from('not a qcow2'), bytes);
  await side.ask('image', 'GET', `${path}/${bad}`);
  const qcow2 = Buffer.alloc(65536);
  qcow2.write('QFI\u00fb', 'latin1');
  qcow2.writeUInt32BE(3, 4);
  qcow2.writeUInt32BE(16, 20);
  qcow2.writeBigUInt64BE(1_048_576n, 24);
  qcow2.writeUInt32BE(104, 100);
  await side.ask('image', 'PUT', `${path}/${bad}/file`, qcow2, bytes);
  await side.ask('image', 'GET', `${path}/${bad}`);
  const bare = String((await side.ask('image', 'POST', path, { name: 'n' }))['id']);
  await side.ask('image', 'PUT', `${path}/${bare}/file`, Buffer.from('x'), bytes);
  for (const each of [id, bad, bare]) await side.ask('image', 'DELETE', `${path}/${each}`);
  await side.ask('image', 'DELETE', one);
}

async function secrets(side: Side): Promise<void> {
  const path = '/v1/secrets';
  const k = 'key-manager';
  const octet = 'application/octet-stream';
  for (const body of [
    { payload: 'aGVsbG8=', payload_content_type: octet },
    { payload: '', payload_content_type: 'text/plain' },
    { payload: 'abc' },
    { payload: 'abc', payload_content_type: 'image/png' },
    { payload: 'abc', payload_content_type: 'text/plain', payload_content_encoding: 'base64' },
    { payload_content_type: 'text/plain' },
    { secret_type: 'bogus' },
    { bit_length: 'abc' },
    { algorithm: null },
    { name: 5 },
    { expiration: '2001-01-01T00:00:00' },
    { expiration: 'soon' },
    { payload: 'A'.repeat(20_004), payload_content_type: octet, payload_content_encoding: 'base64' },
  ] as Obj[]) {
    await side.ask(k, 'POST', path, body);
  }
  await side.ask(k, 'POST', path, Buffer.from('junk'));
  const created = await side.ask(k, 'POST', path, {
    name: ' two step ',
    algorithm: 'aes',
    bit_length: 256,
    mode: 'xts',
  });
  const one = `${path}/${String(created['secret_ref']).split('/').at(-1)}`;
  await side.ask(k, 'GET', one);
  await side.ask(k, 'GET', `${one}/payload`);
  await side.ask(k, 'PUT', one, { a: 1 });
  await side.ask(k, 'PUT', one, Buffer.alloc(0), { 'Content-Type': octet });
  await side.ask(k, 'PUT', one, Buffer.from('hello\n'), { 'Content-Type': 'text/plain' });
  await side.ask(k, 'PUT', one, Buffer.from('again'), { 'Content-Type': 'text/plain' });
  await side.ask(k, 'GET', one);
  for (const accept of ['*/*', octet, 'text/plain', 'image/png']) {
    await side.ask(k, 'GET', `${one}/payload`, undefined, { Accept: accept });
  }
  await side.ask(k, 'GET', one, undefined, { Accept: 'text/plain' });
  await side.ask(k, 'GET', `${one}/acl`);
  await side.ask(k, 'PUT', `${one}/acl`, { read: { users: ['abc'], 'project-access': false } });
  await side.ask(k, 'GET', `${one}/acl`);
  await side.ask(k, 'PATCH', `${one}/acl`, { read: { 'project-access': true } });
  await side.ask(k, 'GET', `${one}/acl`);
  await side.ask(k, 'DELETE', `${one}/acl`);
  await side.ask(k, 'GET', `${one}/metadata`);
  await side.ask(k, 'PUT', `${one}/metadata`, { metadata: { a: 'b' } });
  await side.ask(k, 'POST', `${one}/metadata`, { key: 'k', value: 'v' });
  await side.ask(k, 'POST', `${one}/metadata`, { key: 'k', value: 'v' });
  await side.ask(k, 'GET', `${one}/metadata/k`);
  await side.ask(k, 'GET', `${one}/metadata/zz`);
  await side.ask(k, 'DELETE', `${one}/metadata/k`);
  await side.ask(k, 'GET', `${path}?limit=1&name=two%20step`);
  await side.ask('key-manager 1.1', 'GET', `${path}?name=two%20step`);
  await side.ask(k, 'GET', `${path}/zz`);
  await side.ask(k, 'GET', `${path}/11111111-1111-4111-8111-111111111111`);
  await side.ask(k, 'DELETE', one);
  await side.ask(k, 'DELETE', one);
  const binary = await side.ask(k, 'POST', path, {
    secret_type: 'symmetric',
    payload: '/////w==',
    payload_content_type: octet,
    payload_content_encoding: 'base64',
  });
  const two = `${path}/${String(binary['secret_ref']).split('/').at(-1)}`;
  await side.ask(k, 'GET', two);
  await side.ask(k, 'GET', `${two}/payload`, undefined, { Accept: 'text/plain' });
  await side.ask(k, 'DELETE', two);
}

const N = 'compute 2.104';

async function bootServer(side: Side, fields: Obj): Promise<string> {
  const { body } = await side.send('compute', 'GET', '/flavors');
  const flavors = isObj(body) ? body['flavors'] : undefined;
  const tiny = Array.isArray(flavors)
    ? flavors.find((each) => isObj(each) && each['name'] === 'tiny')
    : undefined;
  const sent = await side.send(N, 'POST', '/servers', {
    server: { flavorRef: isObj(tiny) ? (tiny['id'] ?? null) : null, networks: 'none', ...fields },
  });
  const id = String(first(sent.body)['id']);
  await side.settle(N, `/servers/${id}`);
  return id;
}

/** What depends on the machine or on the guest is not compared: hosts, links of flavours, the image's hardware words. */
async function view(
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

async function servers(side: Side): Promise<void> {
  const root = await make(side, C, '/volumes', { volume: { size: 1, name: 'cmp root' } });
  const data = await make(side, C, '/volumes', {
    volume: { size: 1, name: 'cmp data', volume_type: 'luks' },
  });
  await side.settle(C, `/volumes/${root}`);
  await side.settle(C, `/volumes/${data}`);
  await side.send(C, 'POST', `/volumes/${root}/action`, { 'os-set_bootable': { bootable: true } });
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: data, name: 'before' } });
  const server = await bootServer(side, {
    name: 'cmp',
    metadata: { a: 'b' },
    block_device_mapping_v2: [
      {
        boot_index: 0,
        uuid: root,
        source_type: 'volume',
        destination_type: 'volume',
        delete_on_termination: false,
      },
    ],
  });
  const path = `/servers/${server}`;
  const keys = [
    'name',
    'status',
    'image',
    'metadata',
    'OS-EXT-STS:task_state',
    'OS-EXT-STS:vm_state',
    'config_drive',
    'tags',
    'os-extended-volumes:volumes_attached',
  ];
  await view(side, 'server 2.1', 'compute', path, keys);
  await view(side, 'server 2.104', N, path, keys);
  await side.ask('compute', 'GET', `${path}/os-volume_attachments`);
  await side.settle(C, `/volumes/${data}`);
  await side.ask(N, 'POST', `${path}/os-volume_attachments`, { volumeAttachment: { volumeId: data } });
  await side.until(C, `/volumes/${data}`, 'in-use');
  await side.ask(C, 'GET', `/volumes/${data}`);
  await side.ask(N, 'GET', `${path}/os-volume_attachments`);
  await side.ask(N, 'GET', `${path}/os-volume_attachments/${data}`);
  await side.ask(N, 'POST', `${path}/os-volume_attachments`, { volumeAttachment: { volumeId: data } });
  await side.ask(N, 'POST', `${path}/os-volume_attachments`, {
    volumeAttachment: { volumeId: '11111111-1111-4111-8111-111111111111' },
  });
  await side.ask(N, 'DELETE', `${path}/os-volume_attachments/${root}`);
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: data } });
  await side.ask('volumev3', 'POST', '/snapshots', { snapshot: { volume_id: data } });
  // Of the plain volume: a refused upload of an encrypted one leaks a secret.
  await side.ask(C, 'POST', `/volumes/${root}/action`, {
    'os-volume_upload_image': { image_name: 'x', force: true },
  });
  await side.ask(C, 'DELETE', `/volumes/${data}`);
  const increment = await make(side, C, '/backups', {
    backup: { volume_id: data, name: 'forced', force: true, incremental: true },
  });
  await side.ask(C, 'GET', `/volumes/${data}`);
  await side.ask(N, 'DELETE', `${path}/os-volume_attachments/${data}`);
  await temporaryVolume(side, data);
  await side.settle(C, `/backups/${increment}`);
  await side.ask(C, 'GET', `/backups/${increment}`);
  await view(side, 'volume after backup', C, `/volumes/${data}`, ['status']);
  const clone = await make(side, C, '/volumes', { volume: { source_volid: data, name: 'cmp clone' } });
  await side.settle(C, `/volumes/${clone}`);
  await side.ask(C, 'GET', `/volumes/${clone}`);
  const image = String(
    (await side.ask(N, 'POST', `${path}/action`, { createImage: { name: 'cmp img', metadata: { m: 'n' } } }))[
      'image_id'
    ],
  );
  await side.settle(N, path);
  await side.settle('image', `/v2/images/${image}`);
  await view(side, 'image of volumes', 'image', `/v2/images/${image}`, [
    'name',
    'status',
    'size',
    'disk_format',
    'container_format',
    'min_disk',
    'checksum',
    'visibility',
    'm',
    'bdm_v2',
    'root_device_name',
    'base_image_ref',
    'stores',
    'virtual_size',
  ]);
  const { body } = await side.send('image', 'GET', `/v2/images/${image}`);
  const mapping = isObj(body) ? String(body['block_device_mapping']) : '[]';
  side.note(
    'block_device_mapping',
    200,
    (JSON.parse(mapping) as Obj[]).map((each) => Object.fromEntries(Object.entries(each).sort())),
  );
  await side.ask(N, 'GET', `${path}/os-instance-actions/req-zz`);
  for (const each of JSON.parse(mapping) as Obj[]) {
    await side.until(C, `/snapshots/${String(each['snapshot_id'])}`, 'available');
  }
  const old = await side.send('compute', 'POST', `${path}/action`, { createImage: { name: 'cmp img2' } });
  side.note('createImage 2.1', old.status, [
    old.body,
    /\/images\/[0-9a-f-]{36}$/.test(old.headers.get('location') ?? ''),
  ]);
  const fromNova = await make(side, C, '/volumes', {
    volume: { size: 1, imageRef: image, name: 'cmp from nova' },
  });
  await side.settle(C, `/volumes/${fromNova}`);
  await side.ask(C, 'GET', `/volumes/${fromNova}`);
  await side.ask(N, 'POST', `${path}/action`, { bogus: null });
  await side.send(N, 'DELETE', path);
  await side.settle(N, path);
  await side.settle(C, `/volumes/${data}`);
  await view(side, 'volume after the server', C, `/volumes/${data}`, ['status', 'attachments']);
  await sweep(side);
}

/** The clone from which Cinder backs up a volume in use stands in the user's list meanwhile. */
async function temporaryVolume(side: Side, source: string): Promise<void> {
  for (let count = 0; count < 200; count += 1) {
    const { body } = await side.send(
      C,
      'GET',
      `/volumes/detail?consumes_quota=false&name=backup-vol-${source}`,
    );
    const rows = isObj(body) && Array.isArray(body['volumes']) ? body['volumes'].filter(isObj) : [];
    const [found] = rows.filter(({ status }) => status === 'backing-up');
    if (found !== undefined) {
      const {
        created_at: _created,
        updated_at: _updated,
        links: _links,
        id: _id,
        attachments: _attachments,
        ...rest
      } = found;
      side.note('temporary volume', 200, rest);
      return;
    }
    await sleep(side.isReal ? 150 : 3);
  }
  side.note('temporary volume', 404, null);
}

/** Takes away all that this script may have made, by name. */
async function sweep(side: Side): Promise<void> {
  const list = async (service: string, path: string): Promise<Obj[]> => {
    const { body } = await side.send(service, 'GET', path);
    const rows = isObj(body) ? Object.values(body)[0] : [];
    return Array.isArray(rows) ? rows.filter(isObj) : [];
  };
  for (const { id, name } of await list('image', '/v2/images?limit=100')) {
    if (String(name).startsWith('cmp')) await side.send('image', 'DELETE', `/v2/images/${String(id)}`);
  }
  for (let round = 0; round < 30; round += 1) {
    const volumes = (await list(C, '/volumes/detail')).filter(({ name }) => String(name).startsWith('cmp'));
    const ids = volumes.map(({ id }) => String(id));
    const backups = (await list(C, '/backups/detail')).filter(({ volume_id: id }) =>
      ids.includes(String(id)),
    );
    if (volumes.length + backups.length === 0) return;
    for (const { id } of backups) await side.send(C, 'DELETE', `/backups/${String(id)}`);
    if (backups.length === 0)
      for (const id of ids) await side.send(C, 'DELETE', `/volumes/${id}?cascade=true`);
    await sleep(side.isReal ? 2000 : 50);
  }
}

async function computeErrors(side: Side): Promise<void> {
  await side.ask('compute 2.104', 'GET', '/servers/zz');
  await side.ask('compute 2.999', 'GET', '/servers');
  await side.ask('compute', 'GET', '/servers?limit=x');
  await side.ask('compute', 'GET', '/servers?marker=zz');
  await side.ask('compute', 'POST', '/servers', { server: {} });
  await side.ask('compute', 'GET', '/os-keypairs');
  await side.ask('compute', 'GET', '/os-availability-zone');
  await side.ask('compute', 'GET', '/servers/zz/os-volume_attachments');
}

async function volumes(side: Side): Promise<void> {
  for (const path of await volumesAndBackups(side)) {
    for (let tries = 0; tries < 60; tries += 1) {
      const { status } = await side.send(C, 'DELETE', path);
      if (status === 202 || status === 404) break;
      await sleep(50 * tries);
    }
    await side.settle(C, path);
  }
}

const PARTS: Record<string, (side: Side) => Promise<void>> = {
  errors: cinderErrors,
  compute: computeErrors,
  secrets,
  images,
  volumes,
  servers,
};

/** Paths in the two values where they differ. */
function differences(real: Value, fake: Value, at = ''): string[] {
  if (isDeepStrictEqual(real, fake)) return [];
  if (isObj(real) && isObj(fake)) {
    return [...new Set([...Object.keys(real), ...Object.keys(fake)])].flatMap((key) =>
      differences(real[key] ?? '(absent)', fake[key] ?? '(absent)', `${at}.${key}`),
    );
  }
  if (Array.isArray(real) && Array.isArray(fake) && real.length === fake.length) {
    return real.flatMap((each, index) => differences(each, fake[index] ?? null, `${at}[${index}]`));
  }
  return [`${at || 'body'}\n      real ${JSON.stringify(real)}\n      fake ${JSON.stringify(fake)}`];
}

function report(real: readonly Answer[], fake: readonly Answer[]): number {
  let wrong = 0;
  for (const [index, answer] of real.entries()) {
    const other = fake[index];
    if (other === undefined) break;
    const found = differences(
      { status: answer.status, headers: answer.headers, body: answer.body },
      { status: other.status, headers: other.headers, body: other.body },
    );
    if (found.length === 0) continue;
    wrong += 1;
    process.stdout.write(`${answer.label.slice(0, 200)}\n    ${found.join('\n    ')}\n`);
  }
  return wrong;
}

async function main(): Promise<number> {
  const [authUrl = 'http://127.0.0.1:5000/v3', ...wanted] = process.argv.slice(2);
  let compared = 0;
  let wrong = 0;
  for (const [name, part] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await using cloud = await startEmbeddedCloud({ foreignLinks: false, tickMs: 40 });
    const [real, fake] = await Promise.all([
      Side.open(authUrl, process.env['COMPARE_USER'] ?? 'demo', 'secret'),
      Side.open(cloud.authUrl, 'demo', cloud.openrc()['OS_PASSWORD'] ?? ''),
    ]);
    await Promise.all([part(real), part(fake)]);
    compared += real.answers.length;
    wrong += report(real.answers, fake.answers) + cloud.errors.length;
    for (const error of cloud.errors) process.stdout.write(`the fake itself failed: ${String(error)}\n`);
  }
  process.stdout.write(`${compared} answers compared, ${wrong} differ\n`);
  return wrong === 0 ? 0 : 1;
}

process.exitCode = await main();
