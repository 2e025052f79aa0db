import { imageData, OCTETS } from './image-data.ts';
import { makeImage } from './make-image.ts';
import type { Obj, Side, Value } from './side.ts';

async function wholeLife(side: Side): Promise<void> {
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

export async function images(side: Side, small: Side): Promise<void> {
  await wholeLife(side);
  await changes(side);
  await sharing(side, small);
  await imageData(side);
}

const PATCH = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' };

/** What a patch may say, and how errors look to who accepts JSON, or nothing in particular. */
async function changes(side: Side): Promise<void> {
  const one = `/v2/images/${await makeImage(side)}`;
  const replace = (name: string, value: Value): Obj => ({ op: 'replace', path: `/${name}`, value });
  for (const patch of [
    replace('tags', ['z', 'y', 'z', 'a/b']),
    { op: 'add', path: '/tags/-', value: 'n' },
    { op: 'add', path: '/a~2b', value: 'x' },
    { op: 'add', path: '/a~0b', value: 'x' },
    { op: 'add', path: '/', value: 'x' },
    { op: 'remove', path: '/name' },
    { op: 'move', path: '/foo', from: '/x' },
    replace('owner', 'abc'),
    replace('id', 'x'),
    { op: 'add', path: '/os_glance_x', value: 'x' },
    { op: 'add', path: '/location', value: 'x' },
    replace('container_format', 'ova'),
    replace('min_disk', -1),
    replace('visibility', 'public'),
    replace('os_hidden', true),
    { op: 'add', path: '/long', value: 'x'.repeat(70_000) },
    { op: 'add', path: `/${'k'.repeat(300)}`, value: 'x' },
  ] as Obj[]) {
    await side.ask('image', 'PATCH', one, Buffer.from(JSON.stringify([patch])), PATCH);
  }
  await side.ask('image', 'GET', one);
  await side.ask('image', 'GET', '/v2/images?name=cmp');
  await side.ask('image', 'GET', '/v2/images?name=cmp&os_hidden=true');
  for (const Accept of ['application/json', 'application/octet-stream']) {
    await side.ask('image', 'GET', '/v2/images/zz', undefined, { Accept });
    await side.ask('image', 'GET', '/v2/nope', undefined, { Accept });
    await side.ask('image', 'PUT', `${one}/file`, Buffer.from('x'), { Accept });
    await side.ask('image', 'PATCH', one, Buffer.from('[{"op":"remove","path":"/nope"}]'), {
      ...PATCH,
      Accept,
    });
    await side.ask('image', 'PATCH', one, Buffer.from('[{"op":"replace","path":"/status","value":""}]'), {
      ...PATCH,
      Accept,
    });
  }
  await side.ask('image', 'DELETE', one);
  const many = Array.from({ length: 129 }, (_, index) => `t${index}`);
  for (const fields of [Object.fromEntries(many.map((name) => [name, 'v'])), { tags: many }])
    await side.ask('image', 'POST', '/v2/images', { name: 'cmp', ...fields });
  const named = await makeImage(side, { name: 'in:x' });
  await side.ask('image', 'GET', '/v2/images?name=in:x');
  await side.ask('image', 'GET', `/v2/images?name=${encodeURIComponent('in:"in:x"')}`);
  await side.ask('image', 'GET', `/v2/images?name=${encodeURIComponent('eq:in:x')}`);
  await side.ask('image', 'GET', `/v2/images?name=${encodeURIComponent('a:b')}`);
  await side.ask('image', 'DELETE', `/v2/images/${named}`);
}

async function sharing(side: Side, small: Side): Promise<void> {
  const one = `/v2/images/${await makeImage(side)}`;
  const member = `${one}/members/${small.projectId}`;
  await side.ask('image', 'POST', `${one}/members`, {});
  await side.ask('image', 'POST', `${one}/members`, { member: small.projectId });
  await small.ask('image', 'GET', one);
  await small.ask('image', 'GET', '/v2/images?name=cmp');
  await small.ask('image', 'GET', '/v2/images?name=cmp&visibility=shared&member_status=pending');
  await small.ask('image', 'GET', '/v2/images?name=cmp&visibility=all');
  await small.ask('image', 'GET', `${one}/members`);
  await side.ask('image', 'PUT', member, { status: 'accepted' });
  await small.ask('image', 'PUT', member, { status: 'bogus' });
  await small.ask('image', 'PUT', member, { status: 'accepted' });
  await small.ask('image', 'GET', '/v2/images?name=cmp');
  await small.ask('image', 'PATCH', one, Buffer.from('[{"op":"add","path":"/x","value":"y"}]'), PATCH);
  await small.ask('image', 'DELETE', one);
  await small.ask('image', 'PUT', `${one}/file`, Buffer.from('x'), OCTETS);
  await small.ask('image', 'PUT', `${one}/tags/q`);
  await small.ask('image', 'POST', `${one}/members`, { member: 'abc' });
  for (const visibility of ['private', 'community']) {
    const patch = [{ op: 'replace', path: '/visibility', value: visibility }];
    await side.ask('image', 'PATCH', one, Buffer.from(JSON.stringify(patch)), PATCH);
    await side.ask('image', 'GET', `${one}/members`);
    await side.ask('image', 'POST', `${one}/members`, { member: 'abc' });
    await small.ask('image', 'GET', one);
    await small.ask('image', 'GET', '/v2/images?name=cmp');
    await small.ask('image', 'GET', `/v2/images?name=cmp&visibility=${visibility}`);
  }
  await side.ask('image', 'DELETE', one);
}
