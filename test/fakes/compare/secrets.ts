import { setTimeout as sleep } from 'node:timers/promises';
import { isObj, type Obj, type Side } from './side.ts';

export async function secrets(side: Side): Promise<void> {
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
  await touched(side);
}

/** What sets a secret's `updated` later than its `created`: by that a list tells keys that an access list may hide. */
async function touched(side: Side): Promise<void> {
  const k = 'key-manager';
  const made = await side.ask(k, 'POST', '/v1/secrets', {
    name: 'touched',
    payload: 'abc',
    payload_content_type: 'text/plain',
  });
  const one = `/v1/secrets/${String(made['secret_ref']).split('/').at(-1)}`;
  for (const [what, body] of [
    ['metadata', { metadata: { a: 'b' } }],
    ['acl', { read: { 'project-access': true } }],
  ] as const) {
    // Both have whole seconds.
    await sleep(1100);
    await side.ask(k, 'PUT', `${one}/${what}`, body);
    const { body: secret } = await side.send(k, 'GET', one);
    side.note(`${what} of a secret`, 200, isObj(secret) && secret['created'] === secret['updated']);
  }
  await side.ask(k, 'DELETE', one);
}
