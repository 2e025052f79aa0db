import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytes } from '../src/text/bytes.ts';
import { CLOUD_STATE, CLOUD_VENV } from '../test/support/cloud-paths.ts';
import { arena } from './contest.ts';
import { writeDisk } from './disk-file.ts';

/**
 * `npm run bench:image`: an image of the real cloud exported by us (checked, compressed, sealed) and by what people use,
 * and brought back, in one run. For each: time, rate over the image's size, and the peak of resident memory of all
 * processes together. Each is run in turn, several rounds, and the fastest round counts. Arguments are the parts to run,
 * both if there are none: export, import.
 */
const GIB = 2 ** 30;
const SIZE = Number(process.env['BENCH_GIB'] ?? 2) * GIB;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 2);
const PARTS = process.argv.slice(2);
const wanted = (part: string) => PARTS.length === 0 || PARTS.includes(part);
/** As it is shipped. */
const PROGRAM = join(import.meta.dirname, '../dist/cli.js');

const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-bench-'));
const environment = {
  PATH: `${CLOUD_VENV}/bin:${process.env['PATH']}`,
  HOME: directory,
  OS_CLIENT_CONFIG_FILE: `${CLOUD_STATE}/clouds.yaml`,
  OS_CLOUD: process.env['CLOUD_DEMO'] ?? 'demo',
};
const { shell, contest } = arena(directory, environment, SIZE, ROUNDS);
const made: string[] = [];
try {
  const source = join(directory, 'source.raw');
  await writeDisk(source, SIZE);
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
  if (wanted('export')) {
    const saved = await contest(`export of ${bytes(SIZE)}`, [
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
  }

  if (wanted('import')) {
    const kept = join(directory, 'kept');
    await mkdir(kept);
    await shell(ours.replaceAll('$OUT', kept));
    const imported = await contest(`import of ${bytes(SIZE)}`, [
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
  }
} finally {
  const list = await shell('openstack image list --private -f value -c ID -c Name').catch(() => '');
  for (const line of list.split('\n')) {
    const [id = '', name] = line.split(' ');
    if (made.includes(id) || name === 'bench-restored') await shell(`openstack image delete ${id}`);
  }
  await rm(directory, { recursive: true });
}
