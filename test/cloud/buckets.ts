import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { systemClock } from '../../src/clock.ts';
import { openHttp } from '../../src/openstack/http.ts';
import { silentLog } from '../../src/ports/log.ts';
import { s3Place } from '../../src/store/s3/place.ts';
import { type S3Access, s3Request } from '../fakes/s3/client.ts';
import type { PlaceUnderTest } from '../unit/store/place-under-test.ts';

/** Ceph's gateway of `npm run cloud:up`, and its own user. */
export const GATEWAY: S3Access = {
  endpoint: 'http://127.0.0.1:7480',
  region: 'default',
  id: 'backup',
  secret: 'backup-secret',
};

/** As a person would name it, with what a URL and a signature may get wrong. */
const PREFIX = "of/Jürgen's box (1)+~&/a";

/** A bucket of its own on a server that is not ours, looked at from outside by a client that shares no code with ours. */
export async function openBucket(access: S3Access): Promise<PlaceUnderTest> {
  const bucket = `store-${randomBytes(8).toString('hex')}`;
  const ask = (method: string, key: string, more?: Parameters<typeof s3Request>[3]) =>
    s3Request(access, method, key === '' ? `/${bucket}` : `/${bucket}/${key}`, more);
  await ask('PUT', '');
  const http = openHttp({ verify: true }, {});
  const keys = async () => {
    const all: string[] = [];
    for (let after = ''; ; after = all.at(-1) ?? '') {
      const xml = String(await ask('GET', '', { query: { 'list-type': '2', 'start-after': after } }));
      all.push(
        ...[...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) =>
          key.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&apos;', "'"),
        ),
      );
      if (!xml.includes('<IsTruncated>true')) return all;
    }
  };
  const everything = async () =>
    (await keys()).flatMap((key) =>
      key.startsWith(`${PREFIX}/`) ? [key.slice(PREFIX.length + 1)] : [`foreign ${key}`],
    );
  return {
    notes: false,
    exclusive: true,
    open: async () => ({
      seem: () => undefined,
      place: s3Place({
        bucket,
        prefix: PREFIX,
        endpoint: access.endpoint,
        credentials: async () => ({ accessKeyId: access.id, secretAccessKey: access.secret }),
        http,
        clock: systemClock,
        log: silentLog,
        signal: () => undefined,
      }),
    }),
    everything,
    names: everything,
    raw: (name) => ask('GET', `${PREFIX}/${name}`),
    fill: (bytes) => quota(bucket, bytes),
    async lock() {
      const statement = { Effect: 'Deny', Principal: '*', Action: ['s3:PutObject', 's3:DeleteObject'] };
      const body = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ ...statement, Resource: [`arn:aws:s3:::${bucket}/*`] }],
      });
      await ask('PUT', '', { query: { policy: '' }, body });
      return { [Symbol.asyncDispose]: async () => void (await ask('DELETE', '', { query: { policy: '' } })) };
    },
    async [Symbol.asyncDispose]() {
      await http.close();
      const left = await keys();
      for (let at = 0; at < left.length; at += 20)
        await Promise.all(left.slice(at, at + 20).map((key) => ask('DELETE', key)));
      await ask('DELETE', '');
    },
  };
}

/** A quota of Ceph's, in whole KiB, on top of what is there. */
async function quota(bucket: string, bytes: number): Promise<AsyncDisposable> {
  const admin = (...words: string[]) =>
    promisify(execFile)('radosgw-admin', [
      '-n',
      'client.rgw.a',
      'quota',
      ...words,
      '--quota-scope=bucket',
      `--bucket=${bucket}`,
    ]);
  await admin('set', `--max-size=${bytes}`);
  await admin('enable');
  return { [Symbol.asyncDispose]: async () => void (await admin('disable')) };
}
