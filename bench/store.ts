import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { bytes } from '../src/text/bytes.ts';
import { startVersity, VERSITY } from '../test/cloud/versity.ts';
import { type S3Access, s3Request } from '../test/fakes/s3/client.ts';
import { CLOUD_VENV } from '../test/support/cloud-paths.ts';
import { bundled } from './bundle.ts';
import { arena, type Contestant, type Figure } from './contest.ts';
import { writeDisk } from './disk-file.ts';

/**
 * `npm run bench:store`: a disk of 2 GiB put into a directory and into a bucket by us (digest, blocks, compare, zstd, age)
 * and by what people use, on loopback and in one run: in full, unchanged, after 1,000 scattered writes of 4 KiB, and back;
 * then memory at 20 GiB and with a map of 1 TiB, a run that is killed at half, and 30 nights of which 14 are kept. Wants
 * `age`, `curl`, `zstd` and `restic`; takes `openstack`, `kopia`, versitygw (`npm run tools -- versitygw`) and the gateway
 * of the test cloud too where they are there. Each contestant runs in turn, BENCH_ROUNDS times, and its fastest round
 * counts; the time of the processor counts on a busy machine.
 *
 * Arguments are the parts to run, all if there are none: full, bucket, again, restored, memory, killed, nights. A restore
 * into Glance beside `openstack image create` is `npm run bench:image -- import`.
 */
const GIB = 2 ** 30;
const SIZE = Number(process.env['BENCH_GIB'] ?? 2) * GIB;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 2);
const WRITES = 1000;
/** Of the test cloud. */
const CEPH = 'http://127.0.0.1:7480';
const NIGHTS = join(import.meta.dirname, 'store-nights.ts');
const PARTS = process.argv.slice(2);
const wanted = (...parts: readonly string[]) =>
  PARTS.length === 0 || parts.some((part) => PARTS.includes(part));

const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-store-'));
const environment = {
  PATH: `${process.env['PATH']}:${CLOUD_VENV}/bin`,
  HOME: directory,
  KOPIA_PASSWORD: 'bench',
  KOPIA_CHECK_FOR_UPDATES: 'false',
  RESTIC_PASSWORD: 'bench',
  RESTIC_CACHE_DIR: join(directory, 'cache'),
};
const { shell, measure, contest } = arena(directory, environment, SIZE, ROUNDS);
const at = (name: string) => join(directory, name);
const ended: (() => unknown)[] = [];
try {
  await mkdir(at('disks'));
  await writeDisk(at('disks/plain'), SIZE);
  if (wanted('again')) {
    await writeNoise(at('disks/luks'));
    await scattered(at('disks/plain'), at('disks/plain-changed'));
    await scattered(at('disks/luks'), at('disks/luks-changed'));
  }
  await shell(`truncate -s ${20 * GIB} disks/sparse`);
  await shell('age-keygen -o key.txt');
  const recipient = (await shell('age-keygen -y key.txt')).trim();
  const server = await served();
  await fetch(`${server.origin}/v2/images/plain`);
  const run = `${process.execPath} ${await bundled(at('bundle'))}`;
  const ours = (store: string, disk: string, compression = 'zstd') =>
    `${run} save ${store} ${server.origin}/v2/images/${disk}/file ${recipient} ${compression}`;
  const curl = (disk: string) => `curl -sSf ${server.origin}/v2/images/${disk}/file`;
  const pipe = (out: string) => `zstd -q -3 | age -r ${recipient} > ${out}`;
  const restic = (repository: string, disk: string) =>
    `${curl(disk)} | restic -q -r ${repository} backup --stdin --stdin-filename disk`;

  if (wanted('full'))
    print(
      await contest('full', [
        { name: 'ours: SHA-512, ids, zstd, age, SHA-256', command: ours('$OUT', 'plain') },
        { name: 'curl | zstd -3 | age -r', command: `${curl('plain')} | ${pipe('$OUT/o')}` },
        {
          name: 'the same with the same digests',
          command: `mkfifo a b; sha512sum < a > $OUT/512 & sha256sum < b > $OUT/256 & ${curl('plain')} | tee a | ${pipe('>(tee b > $OUT/o)')}; wait; rm a b`,
        },
        {
          name: 'restic',
          command: `restic -q -r $OUT/r init; ${restic('$OUT/r', 'plain')}`,
        },
        ...(await installed('kopia', [
          {
            name: 'kopia',
            command: `kopia --config-file $OUT/k.config repository create filesystem --path $OUT/k; kopia --config-file $OUT/k.config policy set --global --compression zstd; ${curl('plain')} | kopia --config-file $OUT/k.config snapshot create --stdin-file disk disk`,
          },
        ])),
        ...(await installed('openstack', [
          {
            name: 'openstack image save: nothing but its digest',
            command: `openstack --os-auth-type none --os-endpoint ${server.origin} image save --file $OUT/image plain`,
          },
        ])),
      ]),
    );
  if (wanted('bucket')) await toBuckets(ours, curl, recipient);

  const first = await measure(ours(at('plain-store'), 'plain'));
  print(`\npeak memory at ${bytes(SIZE)}: ${bytes(first.memory)}\n\n`);
  if (wanted('again', 'restored'))
    await shell(`restic -q -r ${at('plain-restic')} init; ${restic(at('plain-restic'), 'plain')}`);
  if (wanted('again')) await sentAgain();
  if (wanted('restored')) await restored();
  if (wanted('memory')) await memory();
  if (wanted('killed')) await killedAtHalf(ours(at('killed'), 'plain'), payloadOf(first).kept);
  if (wanted('nights')) print(`\n${(await shell(`${process.execPath} ${NIGHTS}`)).trim()}\n`);

  async function sentAgain(): Promise<void> {
    print(
      await contest('unchanged', [
        { name: 'ours', command: ours(at('plain-store'), 'plain') },
        { name: 'curl | sha512sum', command: `${curl('plain')} | sha512sum > $OUT/512` },
        { name: 'restic', command: restic(at('plain-restic'), 'plain') },
      ]),
    );
    const again = await measure(ours(at('plain-store'), 'plain'));
    print(`sent: ${bytes(payloadOf(again).sent)}\n\n`);

    for (const [disk, compression] of [
      ['plain', 'zstd'],
      ['luks', 'none'],
    ] as const) {
      const [store, repository] = [at(`${disk}-store`), at(`${disk}-restic`)];
      if (disk === 'luks') {
        await measure(ours(store, disk, compression));
        await shell(`restic -q -r ${repository} init; ${restic(repository, disk)}`);
      }
      const us = await measure(ours(store, `${disk}-changed`, compression));
      const before = await sizeOf(repository);
      const they = await measure(restic(repository, `${disk}-changed`));
      const sent = (await sizeOf(repository)) - before;
      print(
        `${WRITES} writes of 4 KiB, ${disk}: ours ${bytes(payloadOf(us).sent)} in ${us.seconds.toFixed(1)} s, `,
      );
      print(`restic ${bytes(sent)} in ${they.seconds.toFixed(1)} s\n`);
    }
  }

  async function restored(): Promise<void> {
    const payload = JSON.stringify(payloadOf(first));
    await shell(`${curl('plain')} | ${pipe(at('piped'))}`);
    print('\n');
    print(
      await contest('restored', [
        {
          name: 'ours: SHA-256, age, zstd, SHA-512',
          command: `${run} restore ${at('plain-store')} '${payload}' "$(grep ^AGE key.txt)"`,
        },
        {
          name: 'age -d | zstd -d | sha512sum',
          command: `age -d -i key.txt piped | zstd -q -d | sha512sum > $OUT/512`,
        },
        {
          name: 'restic',
          command: `restic -q -r ${at('plain-restic')} dump latest disk | sha512sum > $OUT/512`,
        },
      ]),
    );
  }

  async function memory(): Promise<void> {
    const sparse = await measure(ours('$OUT', 'sparse'));
    print(`\n20 GiB of zeros: ${sparse.seconds.toFixed(1)} s, peak memory ${bytes(sparse.memory)}\n`);
    const built = await measure(`${run} synthetic ${at('tib')}`);
    print(`a map of 1 TiB: ${bytes(JSON.parse(built.said).size)}, built in ${built.seconds.toFixed(1)} s\n`);
    const unread = await measure(`${run} unread ${at('tib')}`);
    print(`1 TiB that did not change: ${unread.seconds.toFixed(1)} s, peak memory ${bytes(unread.memory)}\n`);
  }
} finally {
  for (const end of ended) await end();
  await rm(directory, { recursive: true });
}

/** A run that dies when half of it is stored, and the next. */
async function killedAtHalf(command: string, whole: number): Promise<void> {
  const data = at('killed/volume-bench/data');
  const child = spawn('bash', ['-c', `exec ${command}`], {
    cwd: directory,
    env: environment,
    stdio: 'ignore',
  });
  const over = new Promise((resolve) => child.on('close', resolve));
  while ((await sizeOf(data)) < whole / 2) await pause(20);
  child.kill('SIGKILL');
  await over;
  const figure = await measure(command);
  const total = await sizeOf(data);
  const twice = Math.max(0, total - whole);
  print(`killed at half, run again: ${figure.seconds.toFixed(1)} s, ${bytes(twice)} of objects twice\n`);
}

/** Bytes of all files in a directory; 0 if it is not there. */
async function sizeOf(path: string): Promise<number> {
  const names = await readdir(path, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const seen = await stat(join(path, name)).catch(() => undefined);
      return seen?.isFile() ? seen.size : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function payloadOf({ said }: Figure): { readonly sent: number; readonly kept: number } {
  return JSON.parse(said).payload;
}

/** Bytes that nothing makes smaller, as LUKS writes them. */
async function writeNoise(path: string): Promise<void> {
  const file = await open(path, 'w');
  for (let left = SIZE; left > 0; left -= 1 << 20) await file.write(randomBytes(1 << 20));
  await file.close();
}

/** A copy of a disk with writes of 4 KiB all over it. */
async function scattered(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const file = await open(to, 'r+');
  // A prime step, so that the places are the same in each run and all over the disk.
  for (let write = 0; write < WRITES; write += 1)
    await file.write(randomBytes(4096), 0, 4096, ((write * 104_729) % (SIZE / 4096)) * 4096);
  await file.close();
}

/** Those whose program is there; else it says so. */
async function installed(
  program: string,
  contestants: readonly Contestant[],
): Promise<readonly Contestant[]> {
  const found = await shell(`command -v ${program} || true`);
  if (found === '') print(`(${program} is not installed)\n`);
  return found === '' ? [] : contestants;
}

/** The same in full, into buckets of servers that are there. */
async function toBuckets(
  ours: (store: string, disk: string) => string,
  curl: (disk: string) => string,
  recipient: string,
): Promise<void> {
  for (const server of await buckets()) {
    const { name, endpoint, id, secret, region } = server;
    await s3Request(server, 'PUT', '/bench-store').catch(() => undefined);
    const login = `export AWS_ENDPOINT_URL_S3=${endpoint} AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret};`;
    // Each run has a name of its own in the bucket: the last part of its directory's.
    const own = '$(basename $OUT)';
    const sent = `curl -sSf --aws-sigv4 aws:amz:${region}:s3 -u ${id}:${secret}`;
    print('\n');
    print(
      await contest(`full, into a bucket of ${name}`, [
        { name: 'ours', command: `${login} ${ours(`s3://bench-store/${own}`, 'plain')}` },
        {
          name: 'curl | zstd -3 | age -r, digests, curl',
          command: `mkfifo a b; sha512sum < a > $OUT/512 & sha256sum < b > $OUT/256 & ${curl('plain')} | tee a | zstd -q -3 | age -r ${recipient} > >(tee b > $OUT/o); wait; rm a b; ${sent} -H "x-amz-content-sha256: $(cut -c1-64 $OUT/256)" -T $OUT/o ${endpoint}/bench-store/${own}/o; rm $OUT/o`,
        },
        {
          name: 'restic',
          command: `${login} restic -q -r s3:${endpoint}/bench-store/${own} init; ${curl('plain')} | restic -q -r s3:${endpoint}/bench-store/${own} backup --stdin --stdin-filename disk`,
        },
      ]),
    );
    print('\n');
    await emptied(server, 'bench-store');
  }
}

interface Server extends S3Access {
  readonly name: string;
}

async function buckets(): Promise<readonly Server[]> {
  const ceph = { name: 'Ceph', endpoint: CEPH, region: 'us-east-1', id: 'backup', secret: 'backup-secret' };
  const answers = await fetch(CEPH).then(
    () => true,
    () => false,
  );
  if (!answers) print('(the test cloud does not run: no figures of Ceph)\n\n');
  if (!existsSync(VERSITY)) {
    print('(versitygw is not built: no figures of it)\n\n');
    return answers ? [ceph] : [];
  }
  const versity = await startVersity();
  ended.push(() => versity[Symbol.asyncDispose]());
  return [{ ...versity, name: 'versitygw' }, ...(answers ? [ceph] : [])];
}

/** Removes the bucket with all that is in it. */
async function emptied(server: Server, bucket: string): Promise<void> {
  for (;;) {
    const list = `${await s3Request(server, 'GET', `/${bucket}`, { query: { 'list-type': '2' } })}`;
    const keys = [...list.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key]) => key);
    if (keys.length === 0) break;
    for (const key of keys) await s3Request(server, 'DELETE', `/${bucket}/${key}`);
  }
  await s3Request(server, 'DELETE', `/${bucket}`);
}

/** Starts a server that gives the disks. */
async function served(): Promise<{ readonly origin: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'store-server.ts'), at('disks')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  ended.push(() => child.kill());
  const port = await new Promise<string>((resolve) =>
    child.stdout.once('data', (text) => resolve(`${text}`.trim())),
  );
  return { origin: `http://127.0.0.1:${port}` };
}

function print(text: string): void {
  process.stdout.write(text);
}
