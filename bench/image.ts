import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { bytes } from '../src/text/bytes.ts';
import { CLOUD_STATE, CLOUD_VENV } from '../test/support/cloud-paths.ts';

/**
 * `npm run bench:image`: an image of the real cloud exported by us (checked, compressed, sealed) and by what people use,
 * and brought back, in one run. For each: time, rate over the image's size, and the peak of resident memory of all
 * processes together. Each is run in turn, several rounds, and the fastest round counts.
 */
const GIB = 2 ** 30;
const SIZE = 2 * GIB;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 2);
/** As it is shipped. */
const PROGRAM = join(import.meta.dirname, '../dist/cli.js');

interface Contestant {
  readonly name: string;
  /** A shell command; what it writes goes below `$OUT`. */
  readonly command: string;
}

interface Figure {
  readonly seconds: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes that it left in its directory. */
  readonly left: number;
}

const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-bench-'));
const environment = {
  PATH: `${CLOUD_VENV}/bin:${process.env['PATH']}`,
  HOME: directory,
  OS_CLIENT_CONFIG_FILE: `${CLOUD_STATE}/clouds.yaml`,
  OS_CLOUD: process.env['CLOUD_DEMO'] ?? 'demo',
};
const made: string[] = [];
try {
  const source = join(directory, 'source.raw');
  await writeSource(source);
  await shell(`age-keygen -o ${directory}/key.txt`);
  const recipient = (await shell(`age-keygen -y ${directory}/key.txt`)).trim();
  const image = (
    await shell(
      `openstack image create --file ${source} --disk-format raw --container-format bare bench -f value -c id`,
    )
  ).trim();
  made.push(image);
  const token = (await shell('openstack token issue -f value -c id')).trim();
  const endpoint = (await shell(`openstack catalog show image -f json`)).match(/"url": "([^"]+)"/)?.[1] ?? '';
  const url = `${endpoint}/v2/images/${image}/file`;
  const curl = `curl -sSf -H @${directory}/header ${url}`;
  await shell(`printf 'X-Auth-Token: %s' ${token} > ${directory}/header`);
  await shell(`${curl} > /dev/null`);

  const ours = `node ${PROGRAM} backup-image --images ${image} --store directory:$OUT/payloads --publish directory:$OUT/manifests --recipients ${recipient}`;
  const saved = await contest('export of 2 GiB', [
    { name: 'openstack-backup: hashes, zstd, age', command: ours },
    { name: 'openstack image save', command: `openstack image save --file $OUT/image.raw ${image}` },
    {
      name: 'curl | zstd -3 | age -r',
      command: `${curl} | zstd -q -3 | age -r ${recipient} > $OUT/image.zst.age`,
    },
    {
      name: 'the same with sha256sum, sha512sum',
      command: `${curl} | tee >(sha256sum > $OUT/sha256) >(sha512sum > $OUT/sha512) | zstd -q -3 | age -r ${recipient} > $OUT/image.zst.age`,
    },
    { name: 'curl', command: `${curl} > $OUT/image.raw` },
  ]);
  process.stdout.write(saved);

  const kept = join(directory, 'kept');
  await mkdir(kept);
  await shell(ours.replaceAll('$OUT', kept));
  const imported = await contest('import of 2 GiB', [
    {
      name: 'openstack-backup: age, zstd, hashes',
      command: `node ${PROGRAM} restore-image --manifest latest:${kept}/manifests --store directory:${kept}/payloads --identity file:${directory}/key.txt --allow-unsigned --name bench-restored`,
    },
    {
      name: 'openstack image create',
      command: `openstack image create --file ${source} --disk-format raw --container-format bare bench-restored`,
    },
  ]);
  process.stdout.write(imported);
} finally {
  const list = await shell('openstack image list --private -f value -c ID -c Name').catch(() => '');
  for (const line of list.split('\n')) {
    const [id = '', name] = line.split(' ');
    if (made.includes(id) || name === 'bench-restored') await shell(`openstack image delete ${id}`);
  }
  await rm(directory, { recursive: true });
}

/** One third real files, one seventh random bytes, the rest zeros: about what a disk in use looks like. */
async function writeSource(path: string): Promise<void> {
  const files = Math.floor(SIZE / 3);
  const tar = spawn('tar', ['-C', '/', '-cf', '-', 'usr', 'opt', 'root'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await pipeline(first(tar.stdout, files), createWriteStream(path));
  tar.kill();
  if ((await stat(path)).size < files) throw new Error('there are too few files to make the image of');
  const random = Math.floor(SIZE / 7);
  await pipeline(
    Readable.from(
      (function* () {
        for (let left = random; left > 0; left -= 1 << 20) yield randomBytes(Math.min(left, 1 << 20));
      })(),
    ),
    createWriteStream(path, { flags: 'a' }),
  );
  const file = await open(path, 'a');
  await file.truncate(SIZE);
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

/** All in turn, round by round, and the table of the fastest rounds. */
async function contest(title: string, contestants: readonly Contestant[]): Promise<string> {
  const best = new Map<string, Figure>();
  for (let round = 0; round < ROUNDS; round += 1)
    for (const { name, command } of contestants) {
      const figure = await measure(command);
      const before = best.get(name);
      if (before === undefined || figure.seconds < before.seconds) best.set(name, figure);
    }
  const [first] = best.values();
  const line = (cells: readonly string[]) =>
    `${(cells[0] ?? '').padEnd(38)}${cells
      .slice(1)
      .map((cell) => cell.padStart(12))
      .join('')}\n`;
  return (
    line([title, 'time', 'rate', 'memory', 'on disk', 'against us']) +
    [...best]
      .map(([name, { seconds, memory, left }]) =>
        line([
          name,
          `${seconds.toFixed(1)} s`,
          `${(SIZE / 2 ** 20 / seconds).toFixed(0)} MiB/s`,
          bytes(memory),
          bytes(left),
          `${(seconds / (first?.seconds ?? Number.NaN)).toFixed(2)}`,
        ]),
      )
      .join('')
  );
}

async function measure(command: string): Promise<Figure> {
  const out = await mkdtemp(join(directory, 'out-'));
  const started = performance.now();
  const child = spawn('bash', ['-c', `set -euo pipefail; ${command}`], {
    env: { ...environment, OUT: out },
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const peaks = new Map<string, number>();
  const sampler = setInterval(() => void sample(child.pid ?? 0, peaks), 250);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(sampler);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`${command} ended with ${code}\n${said}`);
  const left = Number((await shell(`du -sb ${out} | cut -f1`)).trim());
  await rm(out, { recursive: true });
  return { seconds, memory: [...peaks.values()].reduce((sum, peak) => sum + peak, 0), left };
}

/** The high-water mark of each process of the group, as the kernel keeps it. */
async function sample(group: number, peaks: Map<string, number>): Promise<void> {
  const read = (pid: string, file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await read(pid, 'stat');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[2]) !== group) continue;
    const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(await read(pid, 'status'))?.[1] ?? 0) * 1024;
    peaks.set(pid, Math.max(peak, peaks.get(pid) ?? 0));
  }
}

async function shell(command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-c', `set -euo pipefail; ${command}`], {
    env: environment,
    cwd: directory,
    maxBuffer: 64 << 20,
  });
  return stdout;
}
