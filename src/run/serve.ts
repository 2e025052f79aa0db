import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError, withHint } from '../errors.ts';
import type { serveInputs } from '../inputs/serve.ts';
import type { Values } from '../inputs/table.ts';
import { serveNbd, type Where } from '../nbd/server.ts';
import { bytes } from '../text/bytes.ts';
import { forLog, forShell, quoted } from '../text/escape.ts';
import { counted } from '../text/words.ts';
import type { Context } from './context.ts';
import { restoringStore } from './places/storing.ts';
import { diskAt } from './reading/disk-at.ts';
import { type StoredDisk, storedDisk } from './reading/stored-disk.ts';

type Given = Values<typeof serveInputs>;

/** What a socket's address holds, on macOS and everywhere. */
const LONGEST_PATH = 103;
/** Different failures that are told. */
const MOST_TOLD = 1000;

/** Serves the disk of a restore point as a read-only network block device, until it is told to stop. */
export async function serveDisk(context: Context, given: Given) {
  const { host, dryRun } = context;
  if (host.terminal === undefined) throw new InputError('`serve` is for a terminal');
  const where = await whereOf(given, host.directory);
  const stored = await storedDisk(context, given);
  const { called, payload, format } = stored;
  const store = await restoringStore(context, given);
  host.log.info(`${called}: ${bytes(payload.size)}, ${format}, from ${payload.name}`);
  if (stored.encrypted && !given.unlock)
    host.log.info('it is encrypted, and is served as it is: `unlock: true` opens it with its saved key');
  const { disk, fetched, luks } = await diskAt(context, store, stored, given.unlock);
  if (dryRun) return { outputs: {}, failed: false, plan: { serve: { ...payload, ...where } } };

  let failures = 0;
  const told = new Set<string>();
  const onFailure = (error: unknown): string => {
    const why = withHint(error);
    if (host.signal.aborted) return 'the server was stopped';
    failures += 1;
    // A client tries again, or reads what lies beside it: once is enough to know.
    if (!told.has(why) && told.size < MOST_TOLD) host.log.error(`a read failed: ${why}`);
    told.add(why);
    return host.secrets.redact(forLog(why));
  };
  const description = forLog(`${called} of ${stored.taken}`);
  const device = { size: disk.size, description, readAt: disk.readAt, extentAt: disk.extentAt };
  const serving = await serveNbd(where, device, onFailure);
  try {
    host.log.info(`serving ${bytes(disk.size)}, read-only, until Ctrl-C: ${serving.uri}`);
    for (const line of waysToUse(serving.uri, stored)) host.log.info(`  ${line}`);
    await stopped(host.signal);
  } finally {
    await serving.close();
  }
  const came = fetched();
  host.log.info(`${bytes(came)} came from the store; ${counted(failures, 'read')} failed`);
  return {
    outputs: {
      uri: serving.uri,
      size: String(disk.size),
      format,
      fetched: String(came),
      failures: String(failures),
      ...(luks !== '' && { luks }),
    },
    failed: failures > 0,
  };
}

/** @throws InputError unless exactly one place is given, and it can be one */
async function whereOf({ socket, listen }: Given, directory: string): Promise<Where> {
  if ((socket === undefined) === (listen === undefined))
    throw new InputError(
      'give either `socket` or `listen`',
      'Only you can use a socket: it is the safer one.',
    );
  if (listen !== undefined) {
    const [, port] = /^127\.0\.0\.1:(\d{1,5})$/.exec(listen) ?? [];
    if (port !== undefined && Number(port) < 65_536) return { port: Number(port) };
    throw new InputError(
      `\`listen\` is ${quoted(listen)}`,
      'Write 127.0.0.1:PORT: NBD has no password, so the disk is served to this machine alone.',
    );
  }
  const path = resolve(directory, socket ?? '');
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new InputError(
      `the path of the socket has ${Buffer.byteLength(path)} bytes, and the system takes ${LONGEST_PATH}: ${quoted(path)}`,
      'Choose a shorter one with `socket`.',
    );
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isThere)
    throw new InputError(
      `there is something at ${quoted(path)} already`,
      'Remove it if no server uses it any more, or choose another path with `socket`.',
    );
  return { socket: path };
}

/** Command lines that read what is served. */
function waysToUse(uri: string, { format }: StoredDisk): string[] {
  const address = forShell(uri);
  // A disk's first bytes, which anybody may have written, must not say which format it is.
  const convert = `qemu-img convert -f ${forShell(format)} -O qcow2 ${address} disk.qcow2`;
  if (format !== 'raw') return [`nbdinfo ${address}`, `nbdcopy ${address} disk.${forShell(format)}`, convert];
  const guest = forShell(uri.replace(/^nbd\+unix:\/\/\/\?/, 'nbd://?'));
  return [
    `nbdinfo ${address}`,
    `nbdcopy ${address} disk.raw`,
    convert,
    `mkdir mnt; nbdfuse -r mnt/disk ${address}  # the disk as a file, for 7zz, debugfs, mount`,
    `mkdir mnt; guestmount --ro --format=raw -a ${guest} -i mnt  # the files`,
  ];
}

async function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
