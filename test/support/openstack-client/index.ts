import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { CLOUD_VENV } from '../cloud-paths.ts';

/** Where the real `openstack` client is: test/cloud/install.sh puts it there. */
export const CLIENT = join(CLOUD_VENV, 'bin');

interface Client {
  readonly directory: string;
  end(): Promise<void>;
}

let started: Promise<Client> | undefined;
afterAll(async () => (await started)?.end());

/** A directory for the path, whose `openstack` is the real client without the two seconds in which it is loaded. */
export async function clientPath(): Promise<string> {
  started ??= start();
  return (await started).directory;
}

/**
 * What commands need that are carried out by hand: the client, and a directory of their own for what they write, which a test
 * can look into.
 */
export async function handRoom(
  directory: string,
): Promise<{ readonly TMPDIR: string; readonly PATH: string }> {
  const room = join(directory, 'rooms');
  await mkdir(room);
  const path = [await clientPath(), CLIENT, process.env['PATH'], '/usr/sbin'].join(':');
  return { TMPDIR: room, PATH: path };
}

async function start(): Promise<Client> {
  const directory = await mkdtemp(join(tmpdir(), 'openstack-client-'));
  const [python, socket] = [join(CLIENT, 'python'), join(directory, 'socket')];
  const text = await readFile(join(import.meta.dirname, 'asks.py'), 'utf8');
  // Isolated, and without the site's packages: it takes a few of Python's own.
  const program = `#!${python} -IS\n${text.replace('openstack(SOCKET)', `openstack(${JSON.stringify(socket)})`)}`;
  await writeFile(join(directory, 'openstack'), program, { mode: 0o755 });
  const server = spawn(python, [join(import.meta.dirname, 'server.py'), socket], {
    env: { PATH: process.env['PATH'] ?? '', HOME: directory, LANG: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  await Promise.race([
    new Promise<void>((resolve) => server.stdout.once('data', () => resolve())),
    ended.then(() => Promise.reject(new Error('the openstack client cannot be loaded'))),
  ]);
  return {
    directory,
    async end() {
      server.stdin.end();
      await ended;
      await rm(directory, { recursive: true });
    },
  };
}
