import { ok, strictEqual } from 'node:assert/strict';
import type { Wish, World } from './world.ts';

/** What the cloud calls a GiB is twice this: all of a server's disks are downloaded. */
export const SIZE = 8 * 1024 * 1024;

/** What a workflow prints for whoever must restore, word by word: `gh workflow run FILE -f INPUT=VALUE …`. */
export function printedRestores(log: string): Wish[] {
  return [...log.matchAll(/\| gh workflow run (\S+)((?: -f \S+)+)/g)].map(([, example = '', words = '']) => ({
    event: 'workflow_dispatch',
    example,
    inputs: Object.fromEntries(
      [...words.matchAll(/-f ([^=\s]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  }));
}

/** The first group of a pattern in the log. */
export function found(log: string, pattern: RegExp): string {
  const value = pattern.exec(log)?.[1];
  if (value === undefined) throw new Error(`the log has nothing like ${pattern}:\n${log}`);
  return value;
}

/** The volume that a run of manual-restore.yml says it restored. */
export const restoredVolume = (log: string) => found(log, /Volume ([0-9a-f-]{36})/);

/** As the user deletes it, by the API. */
export async function deleteVolume({ cloud }: World, id: string): Promise<void> {
  const volume = cloud.state.volumes.get(id);
  const { OS_USERNAME: name, OS_PASSWORD: password, OS_PROJECT_NAME: project } = cloud.openrc('demo');
  const domain = { name: 'Default' };
  const auth = {
    identity: { methods: ['password'], password: { user: { name, password, domain } } },
    scope: { project: { name: project, domain } },
  };
  const login = await fetch(`${cloud.authUrl}/auth/tokens`, {
    method: 'POST',
    body: JSON.stringify({ auth }),
  });
  const answer = await fetch(`${cloud.origin}/volume/v3/${volume?.projectId}/volumes/${id}`, {
    method: 'DELETE',
    headers: { 'x-auth-token': login.headers.get('x-subject-token') ?? '' },
  });
  strictEqual(answer.status, 202);
  while (cloud.state.volumes.has(id)) await new Promise((resolve) => setTimeout(resolve, 10));
}

export function sameBytes({ cloud }: World, id: string, bytes: Buffer): void {
  const volume = cloud.state.volumes.get(id);
  ok(volume !== undefined, `volume ${id} is not there`);
  ok(cloud.readPlain(volume, 0, SIZE).equals(bytes), `volume ${id} has other bytes`);
}

/** Somebody spoils, or changes, what is on the volume. */
export function overwriteBytes({ cloud }: World, id: string, bytes: Buffer): void {
  const volume = cloud.state.volumes.get(id);
  ok(volume !== undefined, `volume ${id} is not there`);
  cloud.writePlain(volume, 0, bytes);
}

export function restore(inputs: Readonly<Record<string, string>>): Wish {
  return { event: 'workflow_dispatch', example: 'manual-restore.yml', inputs };
}
