import { createHash } from 'node:crypto';
import { OCTETS } from './image-data.ts';
import type { Side } from './side.ts';

const S = 'object-store';
const HELLO = Buffer.from('hello');
const MD5 = createHash('md5').update(HELLO).digest('hex');
const C = '/cmp-objects';
const JSON_LIST = `${C}?format=json`;

/** Containers, objects, lists and quotas of object storage, as a place of the store asks for them. */
export async function objects(side: Side): Promise<void> {
  await missing(side);
  await side.ask(S, 'PUT', C);
  await side.ask(S, 'PUT', C);
  await side.ask(S, 'HEAD', C);
  for (const path of [C, JSON_LIST]) await side.ask(S, 'GET', path);
  await writes(side);
  await reads(side);
  await lists(side);
  await quotas(side);
  await removes(side);
  await strangers(side);
}

async function missing(side: Side): Promise<void> {
  for (const path of ['/cmp-none', '/cmp-none?format=json', '/cmp-none/x'])
    for (const method of ['GET', 'HEAD']) await side.ask(S, method, path);
  for (const method of ['DELETE', 'POST']) await side.ask(S, method, '/cmp-none');
  await side.ask(S, 'PUT', '/cmp-none/x', HELLO, OCTETS);
  await side.ask(S, 'DELETE', '/cmp-none/x');
}

async function writes(side: Side): Promise<void> {
  const put = (name: string, bytes: Buffer, headers: Record<string, string> = {}) =>
    side.ask(S, 'PUT', `${C}/${name}`, bytes, { ...OCTETS, ...headers });
  await put('a/b/c', HELLO);
  await put('good', HELLO, { etag: MD5 });
  await put('good', HELLO, { etag: MD5, 'if-none-match': '*' });
  await put('quoted', HELLO, { etag: `"${MD5}"` });
  for (const accept of ['*/*', 'application/json'])
    await put('bad', HELLO, { etag: MD5.replace(/.$/, 'x'), accept });
  await put('empty', Buffer.alloc(0), { etag: createHash('md5').digest('hex') });
  await put('with%20space', HELLO);
  await put('%25x', HELLO);
  await put('%C3%BC', HELLO);
  await side.ask(S, 'PATCH', `${C}/good`, HELLO, OCTETS);
}

async function reads(side: Side): Promise<void> {
  for (const name of ['good', 'empty', 'nothing', 'bad'])
    for (const method of ['GET', 'HEAD']) await side.ask(S, method, `${C}/${name}`);
  for (const range of ['0-0', '1-2', '3-', '3-99', '5-', '7-9', '-2', '0-0,2-2', 'x', '3-1'])
    await side.ask(S, 'GET', `${C}/good`, undefined, { Range: `bytes=${range}` });
  await side.ask(S, 'GET', `${C}/empty`, undefined, { Range: 'bytes=0-0' });
  for (const accept of ['*/*', 'application/json'])
    await side.ask(S, 'GET', `${C}/nothing`, undefined, { accept });
  for (const name of ['good', 'empty']) {
    const { status, headers } = await side.send(S, 'HEAD', `${C}/${name}`);
    side.note(`the size of ${name}`, status, headers.get('content-length'));
  }
}

async function lists(side: Side): Promise<void> {
  await side.ask(S, 'GET', C);
  await side.ask(S, 'GET', C, undefined, { accept: 'application/json' });
  for (const query of [
    '',
    '&limit=2',
    '&limit=2&marker=empty',
    '&marker=zzz',
    '&limit=0',
    '&limit=x',
    '&limit=99999999',
    '&prefix=a/',
    '&prefix=a/&marker=a/b/c',
    '&prefix=zz',
    '&prefix=with%20',
  ])
    await side.ask(S, 'GET', JSON_LIST + query);
}

async function quotas(side: Side): Promise<void> {
  await side.ask(S, 'POST', C, undefined, { 'x-container-meta-quota-bytes': '12' });
  for (const accept of ['*/*', 'application/json'])
    await side.ask(S, 'PUT', `${C}/big`, HELLO, { ...OCTETS, accept });
  await side.ask(S, 'GET', `${C}/big`);
  await side.ask(S, 'POST', C, undefined, { 'x-container-meta-quota-bytes': '-1' });
  await side.ask(S, 'PUT', `${C}/big`, HELLO, OCTETS);
}

async function removes(side: Side): Promise<void> {
  await side.ask(S, 'DELETE', C);
  for (const name of ['a/b/c', 'good', 'good', 'empty', 'with%20space', '%25x', '%C3%BC', 'big'])
    await side.ask(S, 'DELETE', `${C}/${name}`);
  await side.ask(S, 'GET', JSON_LIST);
  await side.ask(S, 'DELETE', C);
  await side.ask(S, 'DELETE', C);
}

async function strangers(side: Side): Promise<void> {
  for (const [method, path] of [
    ['GET', JSON_LIST],
    ['HEAD', `${C}/good`],
    ['PUT', `${C}/good`],
  ] as const)
    await side.ask(S, method, path, method === 'PUT' ? HELLO : undefined, {
      ...OCTETS,
      'X-Auth-Token': 'nobody',
    });
}
