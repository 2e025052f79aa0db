import type { Clock } from '../../../../src/clock.ts';
import { openHttp } from '../../../../src/openstack/http.ts';
import { silentLog } from '../../../../src/ports/log.ts';
import type { Place } from '../../../../src/store/place.ts';
import type { S3Options } from '../../../../src/store/s3/bucket.ts';
import { s3Place } from '../../../../src/store/s3/place.ts';
import { type FakeS3, startS3 } from '../../../fakes/s3/index.ts';
import type { PlaceUnderTest } from '../place-under-test.ts';

export const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
/** All that a URL, a list and a signature may get wrong. */
export const PREFIX = "of/Jürgen's box (1)+~&<x>/a";

export interface S3UnderTest extends PlaceUnderTest {
  readonly s3: FakeS3;
  /** How long the places waited so far, milliseconds each. */
  readonly waits: number[];
  place(options?: Partial<S3Options>): Place;
}

/** A bucket of a server of our own. */
export async function openS3(): Promise<S3UnderTest> {
  const s3 = await startS3('backups', [KEYS]);
  const http = openHttp({ verify: true }, {});
  const waits: number[] = [];
  const clock: Clock = {
    now: () => Date.now(),
    sleep: async (ms) => void waits.push(ms),
  };
  // Somebody else's things lie beside it.
  const foreign = { bytes: Buffer.from('x'), modified: 0, listed: 0 };
  for (const key of ['a', 'of/', `${PREFIX}b`, `${PREFIX}/`, `${PREFIX}/Photo.JPG`, 'zz'])
    s3.objects.set(key, foreign);
  const place = (options: Partial<S3Options> = {}) =>
    s3Place({
      bucket: s3.bucket,
      prefix: PREFIX,
      endpoint: s3.url,
      credentials: async () => ({ accessKeyId: KEYS.id, secretAccessKey: KEYS.secret }),
      http,
      clock,
      log: silentLog,
      signal: () => undefined,
      random: () => 0,
      ...options,
    });
  const everything = async () =>
    [...s3.objects].flatMap(([key, object]) =>
      key.startsWith(`${PREFIX}/`) && object !== foreign ? [key.slice(PREFIX.length + 1)] : [],
    );
  return {
    s3,
    waits,
    place,
    notes: false,
    exclusive: true,
    open: async () => ({ place: place(), seem: () => undefined }),
    everything,
    names: everything,
    raw: async (name) => s3.objects.get(`${PREFIX}/${name}`)?.bytes ?? Buffer.from('nothing is there'),
    async fill(bytes) {
      s3.room = bytes;
      return {
        [Symbol.asyncDispose]: async () => {
          s3.room = Number.POSITIVE_INFINITY;
        },
      };
    },
    async lock() {
      s3.locked = true;
      return {
        [Symbol.asyncDispose]: async () => {
          s3.locked = false;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await http.close();
      await s3[Symbol.asyncDispose]();
    },
  };
}
