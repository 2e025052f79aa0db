import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** One third real files, one seventh random bytes, the rest zeros: about what a disk in use looks like. */
export async function writeDisk(path: string, size: number): Promise<void> {
  const files = Math.floor(size / 3);
  const tar = spawn('tar', ['-C', '/', '-cf', '-', 'usr', 'opt', 'root'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await pipeline(first(tar.stdout, files), createWriteStream(path));
  tar.kill();
  if ((await stat(path)).size < files) throw new Error('there are too few files to make the image of');
  const random = Math.floor(size / 7);
  await pipeline(
    Readable.from(
      (function* () {
        for (let left = random; left > 0; left -= 1 << 20) yield randomBytes(Math.min(left, 1 << 20));
      })(),
    ),
    createWriteStream(path, { flags: 'a' }),
  );
  const file = await open(path, 'a');
  await file.truncate(size);
  await file.close();
}

async function* first(stream: Readable, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of stream) {
    yield (chunk as Buffer).subarray(0, left);
    left -= (chunk as Buffer).length;
    if (left <= 0) return;
  }
}
