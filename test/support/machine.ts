import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunOptions } from './tool.ts';

/** What a machine is told by. */
export interface MachineWish {
  readonly hostname: string;
  /** Empty as in a slim container. */
  readonly machineId: string;
  readonly bootId: string;
  /** How far its clock is ahead, milliseconds. */
  readonly ahead: number;
}

const CLOCK = fileURLToPath(new URL('./clock-preload.mjs', import.meta.url));

/** Own processes, name, machine id and boot id, as root of this machine can make them; the rest of the words is run there. */
const SET_UP = `
mount --bind "$1/machine-id" /etc/machine-id
mount --bind "$1/boot-id" /proc/sys/kernel/random/boot_id
hostname "$2"
shift 2
exec "$@"`;

/** How to run the program on a machine of its own, which reaches the same cloud. */
export async function machine(
  wish: MachineWish,
): Promise<Pick<RunOptions, 'within'> & { environment: Record<string, string> }> {
  const directory = await mkdtemp(join(tmpdir(), 'machine-'));
  await writeFile(join(directory, 'machine-id'), wish.machineId);
  await writeFile(join(directory, 'boot-id'), `${wish.bootId}\n`);
  const namespaces = ['--pid', '--fork', '--kill-child', '--mount-proc', '--uts', '--mount'];
  return {
    within: ['unshare', ...namespaces, 'sh', '-ec', SET_UP, 'sh', directory, wish.hostname],
    environment:
      wish.ahead === 0 ? {} : { NODE_OPTIONS: `--import ${CLOCK}`, CLOCK_AHEAD_MS: String(wish.ahead) },
  };
}
