import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { InputError, OperationError } from '../../../src/errors.ts';
import { LARGEST_OBJECT } from '../../../src/store/place.ts';
import { allOf } from '../../../src/stream/chunks.ts';
import type { FaultDeed } from '../../fakes/cloud/index.ts';
import { placeCases } from './conformance.ts';
import { listed, namesIn, pieces, prepared, putText, sha256, textOf } from './place-under-test.ts';
import { CONTAINER, openSwift, PREFIX, placeIn } from './swift-under-test.ts';

describe('a container of Swift is a place of the store', () => {
  test.each(placeCases)('$name', async ({ run }) => {
    await using under = await openSwift();
    await run(under);
  });
});

const BYTES = randomBytes(3_000_000);
const ofStore = { service: 'object-store' } as const;

describe('a container of Swift', () => {
  test('that is not there is told, with how to make it, and never made', async () => {
    await using under = await openSwift();
    const place = await placeIn(under.at.session, 'missing');
    const { project } = under.at.session.scope;
    const told = {
      message: `there is no container missing in project ${project.name} (${project.id}), so there is no store swift://missing/${PREFIX}`,
      hint: 'Correct `store`, or create it: openstack container create missing',
    };
    for (const asked of [place.prepare(), putText(place, 'p', 'x'), place.get('p'), listed(place)]) {
      await expect(asked).rejects.toThrow(InputError);
      await expect(asked).rejects.toMatchObject(told);
    }
    expect([...under.at.cloud.state.containers.values()].map(({ name }) => name)).toEqual([CONTAINER]);
  });

  test('of a cloud without object storage says what the cloud has', async () => {
    await using under = await openSwift();
    const { config } = under.at.session;
    const services = {
      ...config.services,
      'object-store': { ...config.services['object-store'], region: 'R9' },
    };
    Object.assign(config, { services });
    await expect(placeIn(under.at.session)).rejects.toThrow(
      'the service catalog has no public endpoint for object-store in region R9',
    );
  });

  test('can be the whole container, or lie below others in it', async () => {
    await using under = await openSwift();
    const [whole, below] = [await placeIn(under.at.session, CONTAINER, ''), await placeIn(under.at.session)];
    expect([whole.name, below.name]).toEqual([`swift://${CONTAINER}`, `swift://${CONTAINER}/${PREFIX}`]);
    await putText(below, 'f/p', 'x');
    expect(await namesIn(whole)).toEqual(['a', 'of/production/f/p', 'of/productions', 'zz']);
    expect(await namesIn(below)).toEqual(['f/p']);
  });

  test('asks as little as it can', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    const { requests } = under.at.cloud;
    const counted = async (work: () => Promise<unknown>) => {
      const before = requests.length;
      await work();
      return requests.slice(before).map(({ method }) => method);
    };
    expect(await counted(() => putText(place, 'f/p', 'x'))).toEqual(['HEAD', 'PUT']);
    expect(await counted(() => textOf(place, 'f/p'))).toEqual(['GET']);
    expect(await counted(async () => allOf((await place.get('f/p', { start: 0, end: 1 })).bytes))).toEqual([
      'GET',
    ]);
    expect(await counted(() => place.head('f/p'))).toEqual(['HEAD']);
    expect(await counted(() => place.remove('f/p'))).toEqual(['DELETE']);
    expect(await counted(() => place.prepare())).toEqual(['PUT', 'PUT', 'DELETE']);
    // Only an empty page is surely the last.
    expect(await counted(() => listed(place))).toEqual(['GET', 'GET']);
  });

  test('takes no object that does not fit into memory', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    const piece = Buffer.alloc(LARGEST_OBJECT / 4);
    const source = async function* () {
      for (let count = 0; count < 5; count += 1) yield piece;
    };
    await expect(place.put('p', source())).rejects.toThrow(
      `cannot store p for ${place.name}: it has more than ${LARGEST_OBJECT} bytes`,
    );
    expect(await under.everything()).toEqual([]);
  });

  test('is given the MD5 of each object, to compare the bytes that came', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    await putText(place, 'p', 'hello');
    const put = under.at.cloud.requests.find(({ method, path }) => method === 'PUT' && path.endsWith('/p'));
    expect(put?.headers).toMatchObject({ etag: '5d41402abc4b2a76b9719d911017c592', 'if-none-match': '*' });
  });

  test('may refuse to delete: a run that saves need not be allowed to', async () => {
    await using under = await openSwift();
    under.at.cloud.faults.add({ when: { ...ofStore, method: 'DELETE', times: 9 }, do: { status: 403 } });
    const { place } = await prepared(under);
    // The proof of the run before lies there still.
    await place.prepare();
    await putText(place, 'p', 'x');
    expect(await namesIn(place)).toEqual(['p']);
    await expect(place.remove('p')).rejects.toThrow('HTTP 403');
  });

  test.each([
    [{ status: 503 }, 3],
    [{ status: 500 }, 3],
    [{ status: 429, headers: { 'retry-after': '1' } }, 8],
    [{ status: 498 }, 6],
    ['lost-response', 3],
    ['connection-reset', 3],
    ['cut-upload', 2],
    ['token-dies', 1],
    [{ doneThen: 500 }, 3],
    [{ doneThen: 503 }, 3],
  ] satisfies [FaultDeed, number][])('takes an object once it can: %j, %d times', async (deed, times) => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    const fault = under.at.cloud.faults.add({ when: { ...ofStore, method: 'PUT', times }, do: deed });
    expect(await place.put('f/p', pieces(BYTES))).toEqual({ size: BYTES.length, sha256: sha256(BYTES) });
    expect(fault.hits).toBe(times);
    expect((await under.raw('f/p')).equals(BYTES)).toBe(true);
    await putText(place, 'q', 'after that');
    expect(await under.everything()).toEqual(['f/p', 'q']);
  });

  test.each([
    [{ status: 412 }, 'already has f/p', OperationError],
    [
      { status: 413, message: 'Upload exceeds quota.' },
      'the quota of the container or the account is used up',
      OperationError,
    ],
    [
      { status: 507, message: 'There was not enough space.' },
      'or the store is full: There was not enough space',
      OperationError,
    ],
    [{ status: 422 }, 'cannot write object of/production/f/p into container backups: HTTP 422', Error],
    [{ status: 403 }, 'HTTP 403: AccessDenied', Error],
    [{ status: 503 }, 'HTTP 503', Error],
  ] satisfies [FaultDeed, string, unknown][])(
    'that answers %j for ever is told: %s',
    async (deed, words, kind) => {
      await using under = await openSwift();
      const { place } = await prepared(under);
      const times = Number.POSITIVE_INFINITY;
      under.at.cloud.faults.add({ when: { ...ofStore, method: 'PUT', times }, do: deed });
      const writing = place.put('f/p', pieces(BYTES));
      await expect(writing).rejects.toThrow(words);
      await expect(writing).rejects.toThrow(kind as typeof Error);
      expect(await under.everything()).toEqual([]);
    },
  );

  test('that does not answer for two minutes is waited for, but not before the run', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    const { cloud, session } = under.at;
    await putText(place, 'p', 'x');
    const began = session.clock.now();
    const isOver = () => session.clock.now() - began > 110_000;
    const outage = cloud.faults.add({
      when: { ...ofStore, times: Number.POSITIVE_INFINITY, body: () => !isOver() },
      do: { status: 503 },
    });
    await expect(place.prepare()).rejects.toThrow('HTTP 503');
    expect(session.clock.now() - began).toBeLessThan(30_000);
    const [text, stored, items] = await Promise.all([
      textOf(place, 'p'),
      putText(place, 'q', 'y'),
      listed(place),
    ]);
    expect(isOver()).toBe(true);
    expect([text, stored.size, items.length]).toEqual(['x', 1, expect.any(Number)]);
    outage.remove();
    expect(await namesIn(place)).toEqual(['p', 'q']);
  });

  test('says of a name that exists, after all, whether it is the same', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    // A service that looks: the first try was stored, its answer lost, and the second one refused.
    const { faults } = under.at.cloud;
    faults.add({ when: { ...ofStore, method: 'PUT', times: 1 }, do: 'lost-response' });
    faults.add({ when: { ...ofStore, method: 'PUT', nth: 2, times: 1 }, do: { status: 412 } });
    expect((await place.put('p', pieces(BYTES))).sha256).toBe(sha256(BYTES));
    // It came between the look and the write.
    await putText(place, 'q', 'first');
    faults.add({ when: { ...ofStore, method: 'HEAD', times: 1 }, do: { status: 404 } });
    faults.add({ when: { ...ofStore, method: 'PUT', times: 1 }, do: { status: 412 } });
    await expect(putText(place, 'q', 'other')).rejects.toThrow('already has q');
    expect(await textOf(place, 'q')).toBe('first');
  });

  test('whose answers are altered on the way does not keep what came', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    under.at.cloud.faults.add({
      when: { ...ofStore, method: 'PUT', times: 1 },
      do: { status: 201, headers: { etag: '0'.repeat(32) } },
    });
    await expect(putText(place, 'p', 'x')).rejects.toThrow(`MD5 ${'0'.repeat(32)} was stored`);
  });

  test.each([
    ['cut-body', 4],
    ['connection-reset', 3],
    [{ slowBody: 200 }, 1],
    [{ status: 503 }, 3],
    ['token-dies', 2],
  ] satisfies [FaultDeed, number][])('gives all bytes in spite of %j, %d times', async (deed, times) => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    await place.put('p', pieces(BYTES));
    const fault = under.at.cloud.faults.add({ when: { ...ofStore, method: 'GET', times }, do: deed });
    const range = { start: 1000, end: 2_900_000 };
    const first = await place.get('p', range);
    const second = await place.get('p');
    expect((await allOf(first.bytes)).equals(BYTES.subarray(range.start, range.end))).toBe(true);
    expect((await allOf(second.bytes)).equals(BYTES)).toBe(true);
    expect(fault.hits).toBe(times);
  });

  test('that always breaks off is told, and so is one that is gone in the middle', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    await place.put('p', pieces(BYTES));
    const fault = under.at.cloud.faults.add({
      when: { ...ofStore, method: 'GET', times: Number.POSITIVE_INFINITY },
      do: 'cut-body',
    });
    await expect(allOf((await place.get('p')).bytes)).rejects.toThrow(
      /^reading p from swift:\/\/backups\/of\/production broke off repeatedly, the last time after \d+ bytes/,
    );
    const { bytes } = await place.get('p');
    await place.remove('p');
    await expect(allOf(bytes)).rejects.toThrow('p is not in swift://backups/of/production');
    fault.remove();
  });

  test('whose list is stale shows what was there before', async () => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    await putText(place, 'old', 'x');
    const [old] = await listed(place);
    await putText(place, 'new', 'x');
    const item = {
      name: `${PREFIX}/old`,
      bytes: 1,
      hash: old?.md5,
      last_modified: new Date(old?.modified ?? 0).toISOString(),
    };
    under.at.cloud.faults.add({
      when: { ...ofStore, method: 'GET', times: 1 },
      do: { status: 200, body: [item] },
    });
    // The next page goes on behind the last name, which is that of the older one here.
    expect(await listed(place, 'old')).toEqual([old]);
    expect(await place.head('new')).toMatchObject({ name: 'new', size: 1 });
    expect(await namesIn(place)).toEqual(['new', 'old']);
  });

  test.each([
    [
      'ignores where it should go on',
      'repeats those it gave before',
      { name: `${PREFIX}/p`, bytes: 1, last_modified: '2026-11-26T01:02:03.000000' },
      9,
    ],
    ['says nothing of an object', 'bytes is not a whole number', { name: `${PREFIX}/p` }, 1],
    ['is not what was asked for', 'items is not a list', null, 1],
  ])('whose list %s is not used', async (_, words, item, times) => {
    await using under = await openSwift();
    const { place } = await prepared(under);
    under.at.cloud.faults.add({
      when: { ...ofStore, method: 'GET', times },
      do: { status: 200, body: item === null ? { error: 'portal' } : [item] },
    });
    const listing = listed(place);
    await expect(listing).rejects.toThrow(/cannot list/);
    await expect(listing).rejects.toThrow(words);
  });
});
