import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { ServiceClient } from '../../../src/openstack/connection.ts';
import { getAcl, putAcl } from '../../../src/openstack/keymanager/v1/acls.ts';
import { getSecretMetadata, replaceSecretMetadata } from '../../../src/openstack/keymanager/v1/metadata.ts';
import {
  createSecret,
  deleteSecret,
  getSecret,
  listSecrets,
  readPayload,
  storePayload,
} from '../../../src/openstack/keymanager/v1/secrets.ts';
import { collect } from '../../../src/pool.ts';
import type { EmbeddedCloudOptions } from '../../fakes/cloud/index.ts';
import { openEmbedded, type SessionWish } from '../../support/embedded.ts';

const OCTETS = 'application/octet-stream';

async function open(options: EmbeddedCloudOptions = {}, wish: SessionWish = {}) {
  const opened = await openEmbedded(options, wish);
  return { ...opened, client: await opened.session.service('key-manager') };
}

const empty = (client: ServiceClient, name = 'db') => createSecret(client, { name, secretType: 'symmetric' });

describe('a secret', () => {
  test('is made in two steps, and keeps its bytes to the last', async () => {
    await using cloud = await open();
    const key = randomBytes(32);
    const id = await createSecret(cloud.client, {
      name: 'db',
      secretType: 'symmetric',
      algorithm: 'aes',
      bitLength: 256,
      mode: 'cbc',
      expiration: '2099-01-01T00:00:00.000Z',
    });
    expect((await getSecret(cloud.client, id)).contentTypes).toEqual({});
    await storePayload(cloud.client, id, key, OCTETS);
    expect(await readPayload(cloud.client, id)).toEqual(key);
    expect(await getSecret(cloud.client, id)).toMatchObject({
      name: 'db',
      secretType: 'symmetric',
      algorithm: 'aes',
      bitLength: 256,
      mode: 'cbc',
      expiration: '2099-01-01T00:00:00.000Z',
      contentTypes: { default: OCTETS },
    });
  });

  test('of text keeps the white space at its ends, and no sink shows it', async () => {
    await using cloud = await open();
    const { id } = cloud.cloud.seed.addSecret(Buffer.from(' pass phrase\n'), { contentType: 'text/plain' });
    const payload = await readPayload(cloud.client, id);
    expect(payload.toString()).toBe(' pass phrase\n');
    expect(cloud.secrets).toContain(' pass phrase\n');
    expect(cloud.secrets).toContainEqual(payload);
    const copy = await createSecret(cloud.client, { secretType: 'passphrase' });
    await storePayload(cloud.client, copy, payload, 'text/plain');
    expect(await readPayload(cloud.client, copy)).toEqual(payload);
  });

  test('is known to be secret before it is stored', async () => {
    await using cloud = await open();
    const key = randomBytes(32);
    await expect(storePayload(cloud.client, 'nowhere', key, OCTETS)).rejects.toMatchObject({ status: 404 });
    expect(cloud.secrets).toContainEqual(key);
  });

  test('whose payload was stored by a request without answer is stored', async () => {
    await using cloud = await open();
    const [id, key] = [await empty(cloud.client), randomBytes(32)];
    cloud.cloud.faults.add({ when: { method: 'PUT', path: id }, do: 'lost-response' });
    await storePayload(cloud.client, id, key, OCTETS);
    expect(await readPayload(cloud.client, id)).toEqual(key);
    await expect(storePayload(cloud.client, id, randomBytes(32), OCTETS)).rejects.toMatchObject({
      status: 409,
    });
  });

  test('has an access list and metadata before it has a payload', async () => {
    await using cloud = await open();
    const id = await empty(cloud.client);
    expect(await getAcl(cloud.client, id)).toBeUndefined();
    await putAcl(cloud.client, id, { projectAccess: false, users: ['u1'] });
    expect(await getAcl(cloud.client, id)).toEqual({ projectAccess: false, users: ['u1'] });
    await replaceSecretMetadata(cloud.client, id, { 'openstack-backup-temporary': 'x', b: '1' });
    await replaceSecretMetadata(cloud.client, id, { b: '2' });
    expect(await getSecretMetadata(cloud.client, id)).toEqual({ b: '2' });
    await storePayload(cloud.client, id, randomBytes(32), OCTETS);
    expect(await getSecretMetadata(cloud.client, id)).toEqual({ b: '2' });
  });

  test('is listed with all others, whatever the page, and by name', async () => {
    await using cloud = await open({ barbicanMaxLimit: 2 });
    const ids: string[] = [];
    for (let made = 0; made < 5; made += 1) ids.push(await empty(cloud.client));
    const other = await empty(cloud.client, 'other');
    const listed = await collect(listSecrets(cloud.client));
    expect(listed.map(({ id }) => id).sort()).toEqual([...ids, other].sort());
    const [named, ...more] = await collect(listSecrets(cloud.client, { name: 'other' }));
    expect([named?.id, more]).toEqual([other, []]);
  });

  test('is deleted once', async () => {
    await using cloud = await open();
    const id = await empty(cloud.client);
    await deleteSecret(cloud.client, id);
    await deleteSecret(cloud.client, id);
    expect(cloud.cloud.state.secrets.size).toBe(0);
  });

  test('over the quota says so, and without the role too', async () => {
    await using full = await open({ secretQuota: 0 });
    await expect(empty(full.client)).rejects.toMatchObject({
      hint: 'Delete secrets that nothing uses (openstack secret list), or ask the operator for more.',
    });
    await using denied = await open({}, { user: 'nokeys' });
    await expect(empty(denied.client)).rejects.toMatchObject({
      status: 403,
      hint: 'The user lacks a role, or the application credential an access rule, for this request.',
    });
  });

  test.each(['http://other.example/v1/secrets/../x', 'no id', ''])(
    'whose reference is %j is refused',
    async (reference) => {
      await using cloud = await open();
      const body = { secret_ref: reference };
      cloud.cloud.faults.add({ when: { method: 'POST', path: '/secrets' }, do: { status: 201, body } });
      await expect(empty(cloud.client)).rejects.toThrow(/secret_ref is not the URL of a secret/);
    },
  );
});
