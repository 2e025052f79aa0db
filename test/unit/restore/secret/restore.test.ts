import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { SecretPoint } from '../../../../src/manifest/schema.ts';
import { getAcl } from '../../../../src/openstack/keymanager/v1/acls.ts';
import { getSecretMetadata } from '../../../../src/openstack/keymanager/v1/metadata.ts';
import { getSecret, readPayload, storePayload } from '../../../../src/openstack/keymanager/v1/secrets.ts';
import { openKey } from '../../../../src/payload/open-key.ts';
import { payloadStore } from '../../../../src/payload/store.ts';
import { type Log, silentLog } from '../../../../src/ports/log.ts';
import { makeSecret } from '../../../../src/restore/secret/create.ts';
import { finishSecret } from '../../../../src/restore/secret/finish.ts';
import { type SecretRequest, secretRequest } from '../../../../src/restore/secret/request.ts';
import type { Place } from '../../../../src/store/place.ts';
import { parseTemporary, TEMPORARY_METADATA } from '../../../../src/temporaries/tags.ts';
import { openEmbedded } from '../../../support/embedded.ts';
import { savedSecret } from '../../../support/records.ts';

const NOW = Date.parse('2026-11-23T00:00:00Z');
const here = { name: undefined, sameProject: true };
const elsewhere = { name: undefined, sameProject: false };

test('a payload that is larger than any key is not read', async () => {
  const read = async () => {
    throw new Error('it was read');
  };
  const reader = payloadStore({ get: read } as unknown as Place, {});
  const told: unknown[] = [];
  const hide = (bytes: unknown) => told.push(bytes);
  const sized = (size: number) =>
    openKey(hide, reader, { payload: { name: 'k', size, sealed: false } } as SecretPoint);
  await expect(sized(2 ** 20 + 1)).rejects.toThrow('payload k has 1048577 bytes, but no key has more than');
  await expect(sized(2 ** 20)).rejects.toThrow('it was read');
  expect(told).toEqual([]);
});

describe('what is asked of Barbican', () => {
  test('is the secret as it was', () => {
    const saved = savedSecret({ name: 'db', mode: 'cbc', expires: '2026-11-24T00:00:00.000Z' });
    expect(secretRequest(saved, here, NOW)).toEqual({
      secret: {
        name: 'db',
        secretType: 'symmetric',
        algorithm: 'aes',
        bitLength: 256,
        mode: 'cbc',
        expiration: '2026-11-24T00:00:00.000Z',
      },
      contentType: 'application/octet-stream',
      acl: undefined,
      metadata: {},
      missing: [],
    });
  });

  test('has no name where it had none, and another where one is given', () => {
    expect(secretRequest(savedSecret({ name: '' }), here, NOW).secret.name).toBeUndefined();
    expect(secretRequest(savedSecret({ name: '' }), { ...here, name: 'x' }, NOW).secret.name).toBe('x');
  });

  test('leaves out an expiry that is over, and says so', () => {
    const { secret, missing } = secretRequest(savedSecret({ expires: '2026-11-22T00:00:00Z' }), here, NOW);
    expect(secret.expiration).toBeUndefined();
    expect(missing).toEqual([expect.stringContaining('expiry 2026-11-22T00:00:00Z, which has passed')]);
  });

  test.each([
    ['text/plain', 'text/plain', 0],
    ['application/octet-stream', 'application/octet-stream', 0],
    [null, 'application/octet-stream', 0],
    ['application/pkcs8', 'application/octet-stream', 1],
  ])('sends %s as %s', (saved, sent, missing) => {
    const request = secretRequest(savedSecret({ contentType: saved }), here, NOW);
    expect([request.contentType, request.missing.length]).toEqual([sent, missing]);
  });

  test('keeps a private secret private, but names no users of another project', () => {
    const saved = savedSecret({ acl: { projectAccess: false, users: ['u1'] } });
    expect(secretRequest(saved, here, NOW)).toMatchObject({
      acl: { projectAccess: false, users: ['u1'] },
      missing: [],
    });
    expect(secretRequest(saved, elsewhere, NOW)).toMatchObject({
      acl: { projectAccess: false, users: [] },
      missing: [expect.stringContaining('u1')],
    });
  });
});

async function open(log: Log = silentLog) {
  const opened = await openEmbedded({}, { log });
  const { environment } = opened;
  const restored = async (request: SecretRequest, bytes: Buffer) => {
    const id = await makeSecret(environment, request, bytes, environment.ledger.draft('result', 0));
    return { id, finish: () => finishSecret(environment, id, request) };
  };
  return { ...opened, restored, barbican: await opened.session.service('key-manager') };
}

describe('a restored secret', () => {
  test('is whole, and is finished without a trace', async () => {
    await using cloud = await open();
    const bytes = Buffer.from(' with white space at its ends \n');
    const saved = savedSecret({
      name: 'p',
      secretType: 'passphrase',
      contentType: 'text/plain',
      metadata: { purpose: 'db' },
      acl: { projectAccess: false, users: ['someone'] },
    });
    const request = secretRequest(saved, here, NOW);
    const secret = await cloud.restored(request, bytes);
    const text = (await getSecretMetadata(cloud.barbican, secret.id))[TEMPORARY_METADATA] ?? '';
    expect(parseTemporary(text)).toMatchObject({ id: secret.id, purpose: 'result' });
    await secret.finish();
    expect(await readPayload(cloud.barbican, secret.id)).toEqual(bytes);
    expect(await getSecret(cloud.barbican, secret.id)).toMatchObject({
      name: 'p',
      secretType: 'passphrase',
      contentTypes: { default: 'text/plain' },
    });
    expect(await getAcl(cloud.barbican, secret.id)).toEqual({ projectAccess: false, users: ['someone'] });
    expect(await getSecretMetadata(cloud.barbican, secret.id)).toEqual({ purpose: 'db' });
  });

  test('is private before it has a payload', async () => {
    await using cloud = await open();
    const saved = savedSecret({ acl: { projectAccess: false, users: [] } });
    await cloud.restored(secretRequest(saved, here, NOW), randomBytes(32));
    const asked = cloud.asked('/key-manager/').filter((line) => line.startsWith('PUT'));
    expect(asked.map((line) => line.replace(/[0-9a-f-]{36}/, 'ID'))).toEqual([
      'PUT /key-manager/v1/secrets/ID/metadata',
      'PUT /key-manager/v1/secrets/ID/acl',
      'PUT /key-manager/v1/secrets/ID',
    ]);
  });

  test('of which the cloud gives other bytes is removed', async () => {
    await using cloud = await open();
    const request = secretRequest(savedSecret(), here, NOW);
    cloud.cloud.faults.add({
      when: { method: 'GET', path: '/payload' },
      do: { status: 200, body: 'others' },
    });
    const restoring = cloud.restored(request, randomBytes(32));
    await expect(restoring).rejects.toThrow(/returns other bytes/);
    expect([...cloud.cloud.state.secrets.values()]).toEqual([]);
  });

  test.each(['', 'named'])(
    'is never an empty one that bears no record of ours, called "%s"',
    async (name) => {
      await using cloud = await open();
      const request = secretRequest(savedSecret({ name }), here, NOW);
      const { faults, seed } = cloud.cloud;
      let theirs = '';
      // Another restore of the same key makes its own meanwhile, and has not written its record yet.
      const other = () => {
        const secret = seed.addSecret(Buffer.alloc(32), { name: name || null, secretType: 'symmetric' });
        secret.payload = null;
        theirs = secret.id;
        return true;
      };
      faults.add({ when: { method: 'POST', path: '/secrets', body: other }, do: 'connection-reset' });
      const mine = await cloud.restored(request, randomBytes(32));
      expect(mine.id).not.toBe(theirs);
      await storePayload(cloud.barbican, theirs, Buffer.alloc(32, 2), 'application/octet-stream');
      expect(await readPayload(cloud.barbican, theirs)).toEqual(Buffer.alloc(32, 2));
    },
  );

  test.each(['', 'named'])(
    'is made anew where the answer is lost, and that is told, called "%s"',
    async (name) => {
      const told: string[] = [];
      const log = { ...silentLog, warn: (line: string) => told.push(line) };
      await using cloud = await open(log);
      cloud.cloud.faults.add({ when: { method: 'POST', path: '/secrets' }, do: 'lost-response' });
      const request = secretRequest(savedSecret({ name }), here, NOW);
      const bytes = randomBytes(32);
      const secret = await cloud.restored(request, bytes);
      const { secrets } = cloud.cloud.state;
      const others = [...secrets.keys()].filter((id) => id !== secret.id);
      expect(secrets.get(secret.id)?.payload?.equals(bytes)).toBe(true);
      expect(others).toHaveLength(1);
      expect(told).toEqual([expect.stringContaining(`openstack secret delete ${others[0]}`)]);
    },
  );

  test('that cannot be stored is removed', async () => {
    await using cloud = await open();
    const request = secretRequest(savedSecret(), here, NOW);
    await expect(cloud.restored(request, randomBytes(25_000))).rejects.toMatchObject({
      status: 413,
    });
    expect([...cloud.cloud.state.secrets.values()]).toEqual([]);
  });
});
