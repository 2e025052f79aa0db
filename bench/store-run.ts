import { randomUUID } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Pool } from 'undici';
import { systemClock } from '../src/clock.ts';
import { thisProcess } from '../src/host/terminal/process.ts';
import { opener, sealer } from '../src/keys/age.ts';
import { openHttp } from '../src/openstack/http.ts';
import type { Kept } from '../src/payload/blocks/base.ts';
import { keyTag, SEGMENT } from '../src/payload/blocks/format.ts';
import { MapBuilder } from '../src/payload/blocks/map-write.ts';
import { dataName, folderOf, idsName, mapName } from '../src/payload/blocks/names.ts';
import { openBlocks } from '../src/payload/blocks/open.ts';
import { type DiskOptions, saveBlocks } from '../src/payload/blocks/save.ts';
import { type Log, silentLog } from '../src/ports/log.ts';
import { formatOwner } from '../src/ports/owner.ts';
import { directoryPlace } from '../src/store/directory.ts';
import type { Place } from '../src/store/place.ts';
import { s3Place } from '../src/store/s3/place.ts';

/**
 * What `bench/store.ts` measures, each in a process of its own:
 *   save STORE URL RECIPIENT none|zstd   saves what an HTTP server gives, as a backup does
 *   unread STORE                         the same where the cloud says that nothing changed
 *   restore STORE PAYLOAD IDENTITY       reads a disk back, the payload as JSON
 *   synthetic STORE                      a map of 1 TiB in four million extents, as scattered writes leave it
 * STORE is a directory, or s3://BUCKET/PREFIX with AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
 * Prints what it did as JSON.
 */
const [what, store = '', ...words] = process.argv.slice(2);
const KEY = Buffer.alloc(32, 7);
const VOLUME = { kind: 'volume', id: 'bench' } as const;
const TIB = { size: 2 ** 40, digest: { algorithm: 'sha512', value: 'ab'.repeat(64) } } as const;
const run = { id: randomUUID(), owner: formatOwner(thisProcess()) };
const place = store.startsWith('s3://')
  ? bucket(store)
  : directoryPlace(store, { run, liveness: async () => 'unknown', now: () => Date.now() });
await place.prepare();
const works: Readonly<Record<string, () => Promise<object>>> = { save, unread, restore, synthetic };
const did = await works[what ?? '']?.();
const { maxRSS } = process.resourceUsage();
process.stdout.write(`${JSON.stringify({ ...did, memory: maxRSS * 1024 })}\n`);
process.exit();

function bucket(name: string): Place {
  const { hostname, pathname } = new URL(name);
  const word = (variable: string) => process.env[variable] ?? '';
  return s3Place({
    bucket: hostname,
    prefix: pathname.slice(1),
    endpoint: word('AWS_ENDPOINT_URL_S3'),
    credentials: async () => ({
      accessKeyId: word('AWS_ACCESS_KEY_ID'),
      secretAccessKey: word('AWS_SECRET_ACCESS_KEY'),
    }),
    http: openHttp({ verify: true }, {}),
    clock: systemClock,
    log: process.env['BENCH_LOG'] === undefined ? silentLog : timedLog(),
    signal: () => undefined,
  });
}

/** Says when each request ended. */
function timedLog(): Log {
  const debug = (message: string) => process.stderr.write(`${performance.now().toFixed(0)} ${message}\n`);
  return { ...silentLog, debug };
}

async function save(): Promise<object> {
  const [url = '', recipient = '', compression] = words;
  const { origin, pathname } = new URL(url);
  const answer = await new Pool(origin).request({ path: pathname, method: 'GET' });
  const seal = { sealer: await sealer([recipient]), recipients: [recipient] };
  return saved(place, answer.body, { compression: compression === 'none' ? 'none' : 'zstd', seal });
}

async function unread(): Promise<object> {
  const source = (async function* (): AsyncGenerator<Uint8Array> {
    yield Promise.reject(new Error('it was read'));
  })();
  return saved(place, source, { compression: 'zstd', known: TIB });
}

async function saved(to: Place, source: AsyncIterable<Uint8Array>, options: DiskOptions): Promise<object> {
  const facts = { resource: VOLUME, point: randomUUID(), taken: new Date().toISOString() };
  const { payload, why } = await saveBlocks(to, facts, source, {
    storeKey: KEY,
    digests: ['sha512'],
    ...options,
  });
  return { payload, why };
}

async function restore(): Promise<object> {
  const [payload = '{}', identity] = words;
  let size = 0;
  for await (const piece of openBlocks(place, JSON.parse(payload), await opener(identity, 'it')))
    size += piece.length;
  return { size };
}

/** Its objects and ids are files without blocks: only their sizes are looked at. */
async function synthetic(): Promise<object> {
  const folder = folderOf(VOLUME);
  const point = randomUUID();
  const builder = new MapBuilder();
  const sparse = async (name: string, size: number) => {
    await mkdir(dirname(join(store, name)), { recursive: true });
    const file = await open(join(store, name), 'w');
    await file.truncate(size);
    await file.close();
  };
  const blocks = TIB.size / 65_536;
  const objects: Kept[] = [];
  for (let number = 0; number < blocks / 256; number += 1) {
    const name = dataName(folder, point, number);
    objects.push({ name, size: 15_000_000, sha256: 'ab'.repeat(32), blocks: 256, to: null });
    await sparse(name, 15_000_000);
  }
  const used = new Uint32Array(objects.length);
  for (let start = 0; start < blocks; start += 4) {
    // Four blocks of each of 64 objects in turn.
    const number = Math.floor(start / (256 * 64)) * 64 + ((start / 4) % 64);
    const object = objects[number];
    if (object !== undefined) builder.add(start, 4, object, used[number] ?? 0);
    used[number] = (used[number] ?? 0) + 4;
  }
  for (let segment = 0; segment < blocks / SEGMENT; segment += 1) {
    const name = idsName(folder, point, segment);
    builder.addIds({ name, size: SEGMENT * 16, sha256: 'ab'.repeat(32), segment });
    await sparse(name, SEGMENT * 16);
  }
  const taken = '2026-01-01T00:00:00Z';
  const facts = { point, resource: VOLUME, taken, ...TIB, key: keyTag(KEY), refresh: { next: 0 } };
  const text = builder.end(facts, null, KEY);
  const { size } = await place.put(
    mapName(folder, taken, point),
    (async function* () {
      yield* text;
    })(),
  );
  return { size };
}
