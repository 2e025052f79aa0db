import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { InputError, OperationError } from '../../../../src/errors.ts';
import { allOf } from '../../../../src/stream/chunks.ts';
import { errorXml, type FakeRequest, type Fault } from '../../../fakes/s3/index.ts';
import { placeCases } from '../conformance.ts';
import { namesIn, pieces, putText, textOf } from '../place-under-test.ts';
import { KEYS, openS3, PREFIX } from './under-test.ts';

describe('a bucket that speaks S3 is a place of the store', () => {
  test.each(placeCases)('$name', async ({ run }) => {
    await using under = await openS3();
    await run(under);
  });
});

/** Strikes the first requests of a method for a name. */
function first(times: number, method: string, fault: Fault, name = 'p') {
  let left = times;
  return (request: FakeRequest) => {
    if (request.method !== method || !request.key.endsWith(name) || left === 0) return undefined;
    left -= 1;
    return fault;
  };
}

const said = (code: string, status = 400, words = 'words of the server') => ({
  answer: status,
  body: errorXml(code, words),
});

describe('what a server may do to a put', () => {
  test.each<[string, Fault, number]>([
    ['asks for patience', { ...said('SlowDown', 503), headers: { 'retry-after': '7' } }, 7000],
    ['limits the rate with 429', { answer: 429, headers: { 'retry-after': '3' } }, 3000],
    ['hangs up before it has stored it', { hangUp: 'before' }, 500],
    ['hangs up after it has stored it', { hangUp: 'after' }, 500],
    ['says 500 after it has stored it', { instead: 500 }, 500],
    [
      'says 200, and in it that it failed',
      { answer: 200, body: errorXml('InternalError', 'try again') },
      500,
    ],
    [
      'says 200 and SlowDown after it has stored it',
      { instead: 200, body: errorXml('SlowDown', 'busy') },
      500,
    ],
    ['got only a part of it', said('IncompleteBody'), 500],
    ['got other bytes', said('BadDigest'), 500],
    ['waited too long for it', said('RequestTimeout'), 500],
    ['has another one under way', said('ConditionalRequestConflict', 409), 500],
    ['is a proxy with a page', { answer: 502, body: '<html><h1>Bad Gateway</h1></html>' }, 500],
  ])('%s: it is there once, and it is said so', async (_what, fault, wait) => {
    await using under = await openS3();
    under.s3.strike = first(1, 'PUT', fault);
    const bytes = randomBytes(100_000);
    const place = under.place();
    await expect(place.put('f/data/p', pieces(bytes))).resolves.toMatchObject({ size: 100_000 });
    expect((await under.raw('f/data/p')).equals(bytes)).toBe(true);
    expect(under.waits).toEqual([wait]);
    expect(await under.everything()).toEqual(['f/data/p']);
  });

  test('an object of another who was faster is not ours, though our answer was lost', async () => {
    await using under = await openS3();
    const place = under.place();
    under.s3.strike = (request) => {
      if (request.method !== 'PUT') return undefined;
      under.s3.strike = () => undefined;
      const bytes = Buffer.from('theirs!');
      under.s3.objects.set(request.key, { bytes, modified: Date.now(), listed: 0 });
      return { hangUp: 'before' };
    };
    await expect(putText(place, 'p', 'ours, 7')).rejects.toThrow('already has p');
    expect((await under.raw('p')).toString()).toBe('theirs!');
  });

  test.each<[string, string, Fault]>([
    ['a quota', 'QuotaExceeded: words of the server', said('QuotaExceeded', 403)],
    ['no room', 'HTTP 507', { answer: 507 }],
    ['too large an object', 'EntityTooLarge', said('EntityTooLarge', 413)],
  ])('that refuses it for %s is asked once, and told as it says', async (_what, words, fault) => {
    await using under = await openS3();
    under.s3.strike = first(9, 'PUT', fault);
    const putting = putText(under.place(), 'p', 'x');
    await expect(putting).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining(`cannot put p into s3://backups/${PREFIX}: HTTP `),
      hint: 'The store is full, or allows no more: make room, or ask whoever runs it.',
    });
    await expect(putting).rejects.toThrow(words);
    expect(under.s3.requests.filter(({ method }) => method === 'PUT')).toHaveLength(1);
  });

  test('that is busy for ever is given up after two minutes, with its words', async () => {
    await using under = await openS3();
    under.s3.strike = first(99, 'PUT', said('SlowDown', 503, 'Please reduce your request rate.'));
    await expect(putText(under.place(), 'p', 'x')).rejects.toThrow(
      'SlowDown: Please reduce your request rate',
    );
    const waited = under.waits.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(120_000);
    expect(waited).toBeLessThan(240_000);
  });

  test('that does not know If-None-Match gets none from then on', async () => {
    await using under = await openS3();
    under.s3.conditional = 'unknown';
    const place = under.place();
    for (const name of ['p', 'q']) await putText(place, name, 'x');
    const puts = under.s3.requests.filter(({ method }) => method === 'PUT');
    expect(puts.map(({ headers }) => headers['if-none-match'])).toEqual(['*', undefined, undefined]);
    await expect(putText(place, 'p', 'y')).rejects.toThrow('already has p');
  });

  test('that wants the MD5 gets it from then on, and no other computes it', async () => {
    await using under = await openS3();
    const md5s = () =>
      under.s3.requests.flatMap(({ method, headers }) => (method === 'PUT' ? [headers['content-md5']] : []));
    const place = under.place();
    await putText(place, 'o', 'x');
    under.s3.wantsMd5 = true;
    for (const name of ['p', 'q']) await putText(place, name, 'x');
    const md5 = createHash('md5').update('x').digest('base64');
    expect(md5s()).toEqual([undefined, undefined, md5, md5]);
  });

  test('that refuses names that are taken is not asked for each before', async () => {
    await using under = await openS3();
    const place = under.place();
    await place.prepare();
    await putText(place, 'p', 'first');
    expect(under.s3.requests.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'DELETE', 'PUT']);
    await expect(putText(place, 'p', 'second')).rejects.toThrow('already has p');
    expect(await textOf(place, 'p')).toBe('first');
  });

  test.each([false, 'unknown'] as const)('that does not (%s) is', async (conditional) => {
    await using under = await openS3();
    under.s3.conditional = conditional;
    const place = under.place();
    await place.prepare();
    await putText(place, 'p', 'first');
    await expect(putText(place, 'p', 'second')).rejects.toThrow('already has p');
    expect(await textOf(place, 'p')).toBe('first');
  });

  test('that does not heed If-None-Match loses nothing all the same', async () => {
    await using under = await openS3();
    under.s3.conditional = false;
    const place = under.place();
    await putText(place, 'p', 'first');
    await expect(putText(place, 'p', 'second')).rejects.toThrow(OperationError);
    expect(await textOf(place, 'p')).toBe('first');
  });

  test('more than an object may have is refused before it is sent', async () => {
    await using under = await openS3();
    const piece = Buffer.alloc(1 << 24);
    const large = async function* () {
      for (let count = 0; count < 9; count += 1) yield piece;
    };
    await expect(under.place().put('p', large())).rejects.toThrow(OperationError);
    expect(under.s3.requests.some(({ method }) => method === 'PUT')).toBe(false);
  });

  test('a credential that may write and not read is enough to put', async () => {
    await using under = await openS3();
    under.s3.strike = ({ method }) => (method === 'PUT' ? undefined : said('AccessDenied', 403));
    const place = under.place();
    await place.prepare();
    await putText(place, 'p', 'x');
    expect(await under.names()).toContain('p');
  });
});

describe('what a server may do to a reader', () => {
  test('an answer that is cut goes on where it stopped, whole or a part', async () => {
    await using under = await openS3();
    const bytes = randomBytes(1_000_000);
    const place = under.place();
    await place.put('p', pieces(bytes));
    for (const range of [undefined, { start: 100_000, end: 900_000 }]) {
      under.s3.strike = first(2, 'GET', { cut: 300_000 });
      const found = await place.get('p', range);
      expect((await allOf(found.bytes)).equals(bytes.subarray(range?.start, range?.end))).toBe(true);
    }
    const asked = under.s3.requests.flatMap(({ method, headers }) =>
      method === 'GET' ? [headers.range] : [],
    );
    expect(asked[0]).toBeUndefined();
    expect(asked[1]).toMatch(/^bytes=[1-9]\d*-999999$/);
    expect(asked).toHaveLength(6);
  });

  test('one that never comes to its end is given up', async () => {
    await using under = await openS3();
    const place = under.place();
    await place.put('p', pieces(randomBytes(1_000_000)));
    under.s3.strike = first(99, 'GET', { cut: 10 });
    await expect(allOf((await place.get('p')).bytes)).rejects.toThrow(/broke off repeatedly/);
  });

  test('an answer that is slow comes', async () => {
    await using under = await openS3();
    const place = under.place();
    await putText(place, 'p', 'slow');
    under.s3.strike = first(1, 'GET', { wait: 300 });
    expect(await textOf(place, 'p')).toBe('slow');
  });

  test('a list that lags lacks what is new, which is found by its name', async () => {
    await using under = await openS3();
    const place = under.place();
    await putText(place, 'old', 'x');
    under.s3.strike = first(1, 'PUT', { stale: 60_000 });
    await putText(place, 'f/maps/p', 'new');
    expect(await namesIn(place)).toEqual(['old']);
    expect(await textOf(place, 'f/maps/p')).toBe('new');
    expect(await place.head('f/maps/p')).toMatchObject({ size: 3 });
    await expect(putText(place, 'f/maps/p', 'again')).rejects.toThrow('already has');
  });

  test('a list comes page by page, and a page that fails is asked for again', async () => {
    await using under = await openS3();
    under.s3.pageSize = 3;
    const place = under.place();
    const names = Array.from({ length: 10 }, (_, index) => `f/data/p-${index}`);
    for (const name of names) await putText(place, name, 'x');
    let lists = 0;
    under.s3.strike = ({ method, key }) => {
      if (method !== 'GET' || key !== '') return undefined;
      lists += 1;
      return lists === 2 ? { answer: 200, body: errorXml('InternalError', 'again') } : undefined;
    };
    expect(await namesIn(place)).toEqual(names);
    expect(lists).toBeGreaterThan(4);
  });

  const page = (inside: string) => ({ answer: 200, body: `<ListBucketResult>${inside}</ListBucketResult>` });
  const key = (name: string, size = '1') =>
    `<Contents><Key>${PREFIX.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}/${name}</Key><LastModified>2026-01-01T00:00:00Z</LastModified><Size>${size}</Size></Contents>`;
  test.each<[string, Fault, string]>([
    ['is a page of a portal', { answer: 200, body: '<html>Log in</html>' }, 'it is no list'],
    ['says that there is more, and not where', page('<IsTruncated>true</IsTruncated>'), 'there are more'],
    ['repeats itself', page(`${key('a')}${key('a')}`), 'repeats'],
    ['goes backwards', page(`${key('b')}${key('a')}`), 'repeats'],
    ['has a size that is none', page(key('a', '-1')), 'lacks size'],
    [
      'has a key that is not encoded',
      page(`<EncodingType>url</EncodingType>${key('%E0%A4%A')}`),
      'not encoded',
    ],
  ])('a list that %s is not used', async (_what, fault, words) => {
    await using under = await openS3();
    under.s3.strike = ({ method }) => (method === 'GET' ? fault : undefined);
    await expect(namesIn(under.place())).rejects.toThrow(words);
  });

  test('of a list that has others too, only ours are taken', async () => {
    await using under = await openS3();
    under.s3.strike = () => page(`${key('q').replace('of/', 'at/')}${key('r')}`);
    expect(await namesIn(under.place())).toEqual(['r']);
  });

  test('a server that does not know Range is told, and not believed', async () => {
    await using under = await openS3();
    const place = under.place();
    await putText(place, 'p', 'all of it');
    under.s3.strike = first(1, 'GET', { answer: 200, body: 'all of it' });
    await expect(place.get('p', { start: 4, end: 6 })).rejects.toThrow('cannot read a part of p');
    under.s3.strike = first(1, 'GET', {
      answer: 206,
      body: 'al',
      headers: { 'content-range': 'bytes 0-1/9' },
    });
    await expect(place.get('p', { start: 4, end: 6 })).rejects.toThrow('cannot read a part of p');
  });

  test('lengths that nobody can count with are no answer', async () => {
    await using under = await openS3();
    const place = under.place();
    await putText(place, 'p', 'all of it');
    const odd = '9999999999999999';
    const facts = { 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' };
    const unlike = 'the answer is not what S3 describes';
    under.s3.strike = first(99, 'HEAD', { answer: 200, headers: { ...facts, 'content-length': odd } });
    await expect(place.head('p')).rejects.toThrow(unlike);
    under.s3.strike = first(99, 'GET', { answer: 200, body: 'x', headers: { 'content-length': odd } });
    await expect(place.get('p')).rejects.toThrow(unlike);
    const headers = { 'content-range': `bytes 4-${odd}/${odd}` };
    under.s3.strike = first(99, 'GET', { answer: 206, body: 'x', headers });
    await expect(place.get('p', { start: 4 })).rejects.toThrow('cannot read a part of p');
  });
});

describe('what a refusal asks for is done, once', () => {
  test('a clock that is off: the time of the server is taken', async () => {
    await using under = await openS3();
    under.s3.ahead = 3 * 3_600_000;
    const place = under.place();
    await putText(place, 'p', 'x');
    expect(await textOf(place, 'p')).toBe('x');
    expect(await namesIn(place)).toEqual(['p']);
  });

  test('another region: the one it names is taken', async () => {
    await using under = await openS3();
    under.s3.region = 'eu-central-1';
    const place = under.place();
    await place.prepare();
    await putText(place, 'p', 'x');
    expect(await namesIn(place)).toEqual(['p']);
  });

  test('a credential that expires in the middle: another is asked for', async () => {
    await using under = await openS3();
    const [one, two] = ['1', '2'].map((id) => ({ ...KEYS, id, token: `token ${id}` }));
    under.s3.keys = [one, two].flatMap((keys) => keys ?? []);
    const given = [one, two].map((keys) => ({
      accessKeyId: keys?.id ?? '',
      secretAccessKey: keys?.secret ?? '',
      sessionToken: keys?.token,
    }));
    let asked = 0;
    const credentials = async (refused?: unknown) => {
      if (refused !== undefined) asked += 1;
      return given[asked] ?? given[1] ?? { accessKeyId: '', secretAccessKey: '' };
    };
    const place = under.place({ credentials });
    await putText(place, 'p', 'x');
    under.s3.keys = under.s3.keys.map((keys) => (keys.id === '1' ? { ...keys, expires: 1 } : keys));
    await putText(place, 'q', 'x');
    expect(asked).toBe(1);
    under.s3.keys = under.s3.keys.map((keys) => ({ ...keys, expires: 1 }));
    await expect(namesIn(place)).rejects.toMatchObject({
      message: expect.stringContaining('ExpiredToken'),
      hint: 'The credential has expired: get a new one, or use `store-role`.',
    });
    expect(asked).toBe(2);
  });

  test('a redirect of a server that is not AWS: it is told, and nothing goes there', async () => {
    await using under = await openS3();
    await using other = await openS3();
    const location = `${other.s3.url}/backups/p`;
    under.s3.strike = () => ({ answer: 307, headers: { location } });
    await expect(textOf(under.place(), 'p')).rejects.toMatchObject({
      hint: expect.stringContaining(`The endpoint sends requests to ${location}`),
    });
    expect(other.s3.requests).toEqual([]);
  });
});

describe('wrong input is told before anything is done', () => {
  test.each([
    ['a bucket that is not there', { bucket: 'other' }, 'NoSuchBucket', 'create it'],
    [
      'a secret that is not right',
      { credentials: async () => ({ accessKeyId: KEYS.id, secretAccessKey: 'no' }) },
      'SignatureDoesNotMatch',
      'Check the access key',
    ],
    [
      'a key that nobody knows',
      { credentials: async () => ({ accessKeyId: 'AKNOBODY', secretAccessKey: 'no' }) },
      'InvalidAccessKeyId',
      'Check the access key',
    ],
  ])('%s', async (_what, options, words, hint) => {
    await using under = await openS3();
    const place = under.place(options);
    for (const trying of [place.prepare(), namesIn(place), place.get('p')]) {
      await expect(trying).rejects.toBeInstanceOf(InputError);
      await expect(trying).rejects.toThrow(words);
      await expect(trying).rejects.toMatchObject({ hint: expect.stringContaining(hint) });
    }
  });

  test('a credential that may nothing, in words from XML with HTML in it', async () => {
    await using under = await openS3();
    const body = '<Error><Code>AccessDenied</Code><Message><p>no <b>way</b><br></Message></Error>';
    under.s3.strike = () => ({ answer: 403, body });
    for (const trying of [under.place().prepare(), namesIn(under.place())])
      await expect(trying).rejects.toMatchObject({
        exitCode: 2,
        message: expect.stringMatching(/HTTP 403: AccessDenied: no way/),
        hint: 'The credential lacks a permission for this on the bucket or the prefix.',
      });
  });

  test.each([
    [{ bucket: '..' }],
    [{ bucket: 'a/b' }],
    [{ prefix: 'a/../b' }],
    [{ prefix: 'a//b' }],
    [{ prefix: 'a\nb' }],
    [{ endpoint: 'ftp://x' }],
    [{ endpoint: 'https://user:secret@x' }],
    [{ endpoint: 'https://x/?y' }],
    [{ endpoint: 'x' }],
  ])('%j', async (options) => {
    await using under = await openS3();
    expect(() => under.place(options)).toThrow(InputError);
  });
});
