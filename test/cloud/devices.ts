import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { SparseBytes } from '../fakes/cloud/bytes.ts';
import { openLuks1, passphraseOf } from '../fakes/cloud/luks.ts';
import { CLOUD_STATE } from '../support/cloud-paths.ts';

/** What only the operator of the test cloud can do: to read and write the bytes of its disks, past all services. */

const DEVICE = fileURLToPath(new URL('device.py', import.meta.url));
export const MIB = 1 << 20;

function run(program: string, words: readonly string[], input?: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      words,
      { encoding: 'buffer', maxBuffer: 256 * MIB },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr.toString()}`)),
    );
    child.stdin?.end(input === undefined ? undefined : Buffer.from(input));
  });
}

const device = (words: readonly string[], input?: Uint8Array) =>
  run('/usr/bin/python3', [DEVICE, ...words], input);

export async function writeDevice(volumeId: string, offset: number, bytes: Uint8Array): Promise<void> {
  await device(['write', volumeId, String(offset)], bytes);
}

export async function deviceSize(volumeId: string): Promise<number> {
  return Number(await device(['size', volumeId]));
}

export async function deviceDigest(volumeId: string, length?: number): Promise<string> {
  const words = ['digest', volumeId, ...(length === undefined ? [] : [String(length)])];
  return (await device(words)).toString().trim();
}

/** The beginning of an encrypted volume, opened through the LUKS header that the driver wrote when it made the volume. */
async function openedHead(volumeId: string, length: number, key: Buffer) {
  const head = SparseBytes.from(await device(['read', volumeId, '0', String(8 * MIB + length)]));
  const opened = openLuks1(head, passphraseOf(key));
  if (opened === undefined) throw new Error(`the key of volume ${volumeId} does not open it`);
  return { head, opened };
}

/** Without a key of a plain one. */
export async function writeContent(
  volumeId: string,
  content: Uint8Array,
  key: Buffer | undefined,
): Promise<void> {
  if (key === undefined) {
    await writeDevice(volumeId, 0, content);
    return;
  }
  const { head, opened } = await openedHead(volumeId, content.length, key);
  opened.writePlain(0, content);
  await writeDevice(volumeId, 0, head.read(0, head.size));
}

/** Without a key of a plain one. */
export async function readContent(
  volumeId: string,
  length: number,
  key: Buffer | undefined,
): Promise<Buffer> {
  if (key === undefined) return device(['read', volumeId, '0', String(length)]);
  return (await openedHead(volumeId, length, key)).opened.readPlain(0, length);
}

/** Opens a whole encrypted volume with QEMU, which is none of ours. */
export function openedDigest(
  volumeId: string,
  key: Buffer,
  length?: number,
): Promise<{ bytes: number; digest: string }> {
  return withTemporary(async (passphrase) =>
    withTemporary(async (clear) => {
      await writeFile(passphrase, passphraseOf(key), { mode: 0o600 });
      const device = `driver=luks,key-secret=key,file.driver=rbd,file.pool=volumes,file.image=volume-${volumeId},file.user=admin`;
      const from = ['--object', `secret,id=key,file=${passphrase}`, '--image-opts', device];
      await run('qemu-img', ['convert', ...from, '-O', 'raw', clear]);
      const { size } = await stat(clear);
      return { bytes: size, digest: await digestOf(clear, length) };
    }),
  );
}

async function digestOf(path: string, length?: number): Promise<string> {
  const hash = createHash('sha256');
  const end = length === undefined ? {} : { end: length - 1 };
  await pipeline(createReadStream(path, { highWaterMark: MIB, ...end }), hash);
  return hash.digest('hex');
}

/** The disk of an image-backed server, as libvirt's images_type=qcow2 keeps it, over a base that others share. */
const rootDisk = (serverId: string) => join(CLOUD_STATE, 'nova', 'instances', serverId, 'disk');

async function withTemporary<T>(use: (path: string) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `device-${randomUUID()}`);
  try {
    return await use(path);
  } finally {
    await rm(path, { force: true });
  }
}

/** SHA-256 of the whole disk as the guest sees it. `-U`: the guest may be running. */
export function rootDigest(serverId: string): Promise<string> {
  return withTemporary(async (path) => {
    await run('qemu-img', ['convert', '-U', '-O', 'raw', rootDisk(serverId), path]);
    return digestOf(path);
  });
}

/** Through the guest's own QEMU where it runs, which keeps others from writing. */
export function writeRoot(serverId: string, offset: number, bytes: Uint8Array): Promise<void> {
  return withTemporary(async (path) => {
    await writeFile(path, bytes);
    const write = `write -s ${path} ${offset} ${bytes.length}`;
    const state = (await run('virsh', ['domstate', serverId])).toString().trim();
    if (state === 'shut off') {
      await run('qemu-io', ['-f', 'qcow2', '-c', write, rootDisk(serverId)]);
      return;
    }
    const disk = '/machine/peripheral/virtio-disk0/virtio-backend';
    const said = await run('virsh', [
      'qemu-monitor-command',
      '--hmp',
      serverId,
      `qemu-io -d ${disk} "${write}"`,
    ]);
    if (said.toString().trim() !== '') throw new Error(`QEMU says: ${said.toString()}`);
  });
}
