import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { thisProcess } from '../../src/host/terminal/process.ts';
import { opener, sealer } from '../../src/keys/age.ts';
import { openPayload } from '../../src/payload/open.ts';
import { formatOwner } from '../../src/ports/owner.ts';
import { directoryPlace } from '../../src/store/directory.ts';
import { allOf } from '../../src/stream/chunks.ts';
import { frameOf } from '../../src/stream/zstd.ts';
import { saveFile } from '../support/file-payload.ts';
import { throughAll } from '../support/payload-flow.ts';
import { piecesAt } from '../support/pieces.ts';

jest.setTimeout(300_000);

/** What both a file and an age stream give at once. */
const READ = 65_536;
const FRAME = 4 << 20;
const directory = mkdtempSync(join(tmpdir(), 'own-pieces-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** Plain bytes of one frame each, and how long that is. */
const FRAMES = await Promise.all(
  Array.from({ length: 100 }, async (_, index) => {
    const plain = Buffer.concat([randomBytes(100 + index * 500)], FRAME);
    return { plain, size: (await frameOf(plain)).length };
  }),
);

const PAIRS = new Map(
  FRAMES.flatMap((one) =>
    FRAMES.map((two) => [(one.size + two.size) % READ, [one.plain, two.plain]] as const),
  ),
);

/** Of four frames, the last of which ends that many bytes behind the end of what is read at once. */
function framesEnding(behind: number): Buffer {
  for (const [over, first] of PAIRS) {
    const second = PAIRS.get((behind - over + READ) % READ);
    if (second !== undefined) return Buffer.concat([...first, ...second]);
  }
  throw new Error(`no four frames end ${behind} bytes behind`);
}

describe('a payload of ours whose fourth frame ends', () => {
  test.each([0, 1, 2, 3, 4, 5, READ - 1])(
    '%d bytes behind what is read at once comes back',
    async (behind) => {
      const plain = Buffer.concat([framesEnding(behind), randomBytes(READ)]);
      const identity = await generateIdentity();
      const seal = await sealer([await identityToRecipient(identity)]);
      const place = directoryPlace(directory, {
        run: { id: randomUUID(), owner: formatOwner(thisProcess()) },
        liveness: async () => 'alive',
        now: () => Date.now(),
      });
      for (const sealed of [false, true]) {
        const options = { compression: 'zstd', sealer: sealed ? seal : undefined } as const;
        const payload = await saveFile(place, `volume-${randomUUID()}`, piecesAt(plain, []), options);
        const opened = await allOf(
          openPayload(place, payload, sealed ? await opener(identity, 'x') : undefined),
        );
        expect(opened.equals(plain)).toBe(true);
      }
    },
  );
});

test('300 MiB that cannot be compressed come back as they flow, in flat memory', async () => {
  const size = 300 * 2 ** 20;
  let done = 0;
  let most = 0;
  const before = process.memoryUsage().rss;
  await throughAll(size, (count) => {
    done += count;
    most = Math.max(most, process.memoryUsage.rss() - before);
  });
  expect(done).toBe(size);
  expect(most).toBeLessThan(200 * 2 ** 20);
});
