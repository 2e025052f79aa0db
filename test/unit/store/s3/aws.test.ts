import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { Http, HttpRequest } from '../../../../src/openstack/http.ts';
import { silentLog } from '../../../../src/ports/log.ts';
import { s3Place } from '../../../../src/store/s3/place.ts';
import { errorXml } from '../../../fakes/s3/index.ts';

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

const FACTS = { 'content-length': '1', 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' };

/** AWS itself cannot be asked here: a bucket there, with answers that it is known to give. */
function atAws(answers: readonly Answer[], region?: string) {
  const sent: HttpRequest[] = [];
  const http: Http = {
    async send(request) {
      const { status, headers = {}, body = '' } = answers[sent.length] ?? { status: 200, headers: FACTS };
      sent.push(request);
      return { status, headers, body: Readable.from([Buffer.from(body)]) };
    },
    close: async () => undefined,
  };
  const place = s3Place({
    bucket: 'backups',
    prefix: 'a',
    region,
    credentials: async () => ({ accessKeyId: 'AK', secretAccessKey: 'S', sessionToken: 'T' }),
    http,
    clock: { now: () => Date.parse('2026-01-01T00:00:00Z'), sleep: async () => undefined },
    log: silentLog,
    signal: () => undefined,
  });
  const hosts = () => sent.map(({ url }) => new URL(url).host);
  const scopes = () => sent.map(({ headers }) => /AK\/([^,]+),/.exec(headers['authorization'] ?? '')?.[1]);
  return { place, sent, hosts, scopes };
}

test('the bucket is in the host name, and the token of the credential is signed', async () => {
  const { place, sent } = atAws([], 'eu-west-1');
  expect(await place.head('p')).toMatchObject({ size: 1 });
  expect(sent[0]?.url).toBe('https://backups.s3.eu-west-1.amazonaws.com/a/p');
  expect(sent[0]?.headers['x-amz-security-token']).toBe('T');
  expect(sent[0]?.headers['authorization']).toContain(
    'SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,',
  );
});

test.each<[string, Answer]>([
  [
    'in a refusal',
    {
      status: 400,
      body: errorXml(
        'AuthorizationHeaderMalformed',
        "the region 'us-east-1' is wrong",
        '<Region>eu-north-1</Region>',
      ),
    },
  ],
  ['to HEAD', { status: 301, headers: { 'x-amz-bucket-region': 'eu-north-1' } }],
])('a region that it names %s is taken, and remembered', async (_what, answer) => {
  const { place, hosts, scopes } = atAws([answer]);
  for (const name of ['p', 'q']) await place.head(name);
  const [wrong, right] = ['us-east-1', 'eu-north-1'].map((region) => `backups.s3.${region}.amazonaws.com`);
  expect(hosts()).toEqual([wrong, right, right]);
  expect(scopes()).toEqual(
    ['us-east-1', 'eu-north-1', 'eu-north-1'].map((region) => `20260101/${region}/s3/aws4_request`),
  );
});

test('a word of the server that is no region becomes no host name', async () => {
  const named = { status: 301, headers: { 'x-amz-bucket-region': 'evil.example' } };
  const { place, hosts } = atAws([named]);
  await expect(place.head('p')).rejects.toThrow('HTTP 301');
  expect(hosts()).toEqual(['backups.s3.us-east-1.amazonaws.com']);
});

test('a redirect of a new bucket is followed for this request, and only once', async () => {
  const other = 'backups.s3-eu-north-1.amazonaws.com';
  const moved = {
    status: 307,
    headers: { location: `https://${other}/a/p` },
    body: errorXml('TemporaryRedirect', 'x'),
  };
  const { place, sent, hosts } = atAws([moved, { status: 200, headers: FACTS }]);
  for (const name of ['p', 'q']) await place.head(name);
  const own = 'backups.s3.us-east-1.amazonaws.com';
  expect(hosts()).toEqual([own, other, own]);
  expect(sent[1]?.url).toBe(`https://${other}/a/p`);
  const round = atAws([moved, moved, moved]);
  await expect(round.place.head('p')).rejects.toThrow('HTTP 307');
  expect(round.sent).toHaveLength(2);
});

test('a redirect elsewhere is told, and not followed', async () => {
  const { place, sent } = atAws([{ status: 307, headers: { location: 'https://example.org/a/p' } }]);
  await expect(place.head('p')).rejects.toMatchObject({
    hint: expect.stringContaining('https://example.org/a/p'),
  });
  expect(sent).toHaveLength(1);
});

test('a bad request without a word may be one of the region', async () => {
  const { place } = atAws([{ status: 400 }, { status: 400 }]);
  await expect(place.head('p')).rejects.toMatchObject({
    hint: 'Give the region of the bucket as `s3-region`.',
  });
});

test('a refusal without words has its code', async () => {
  const { place } = atAws([{ status: 403, body: errorXml('AccessDenied', '') }]);
  await expect(place.get('p')).rejects.toThrow(/HTTP 403: AccessDenied$/);
});
