import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Access } from '../fakes/s3/client.ts';
import { waitFor } from '../support/wait.ts';

export const VERSITY = join(import.meta.dirname, '../../build/tools/versitygw');

/** A server that speaks S3 over a folder of its own: https://github.com/versity/versitygw. */
export async function startVersity(): Promise<S3Access & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'versity-'));
  const port = await freePort();
  const access = { region: 'us-east-1', id: 'versity', secret: 'versity-secret' };
  const server = spawn(VERSITY, ['--port', `127.0.0.1:${port}`, '--region', access.region, 'posix', folder], {
    stdio: 'ignore',
    env: { ...process.env, ROOT_ACCESS_KEY: access.id, ROOT_SECRET_KEY: access.secret },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await waitFor('versitygw', async () => (await fetch(endpoint).catch(() => undefined)) !== undefined);
  return {
    ...access,
    endpoint,
    async [Symbol.asyncDispose]() {
      server.kill();
      await once(server, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
