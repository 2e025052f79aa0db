import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type EmbeddedCloud, startEmbeddedCloud } from '../fakes/cloud/index.ts';

jest.setTimeout(120_000);

/** docs/permissions.md promises that these access rules are enough, and that none is too many. */
interface Rule {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);

let documented: Map<string, readonly Rule[]>;
let directory: string;

beforeAll(async () => {
  const text = await readFile(join(root, 'docs/permissions.md'), 'utf8');
  const blocks = text.matchAll(/<!-- rules: (.+?) -->\n```json\n(.+?)```/gs);
  documented = new Map([...blocks].map(([, name = '', json = '']) => [name, JSON.parse(json) as Rule[]]));
  directory = await mkdtemp(join(tmpdir(), 'access-rules-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

function rulesOf(...names: readonly string[]): Rule[] {
  return names.flatMap((name) => documented.get(name) ?? []);
}

/** The embedded cloud's endpoints have prefixes, which its services do not see. */
const PREFIX: Readonly<Record<string, string>> = {
  'block-storage': '/volume',
  'key-manager': '/key-manager',
};

/** Environment of a user whose application credential can do only what the rules say. */
function limitedTo(cloud: EmbeddedCloud, rules: readonly Rule[], roles = ['member']): Record<string, string> {
  const credential = cloud.seed.addApplicationCredential('demo', { accessRules: [...rules], roles });
  return {
    OS_AUTH_TYPE: 'v3applicationcredential',
    OS_AUTH_URL: cloud.authUrl,
    OS_APPLICATION_CREDENTIAL_ID: credential.id,
    OS_APPLICATION_CREDENTIAL_SECRET: credential.secret,
    OS_REGION_NAME: 'RegionOne',
  };
}

async function tool(environment: Readonly<Record<string, string>>, ...words: readonly string[]) {
  const { stdout } = await execute(
    process.execPath,
    [join(root, 'bin/openstack-backup.js'), ...words, '--json'],
    {
      cwd: directory,
      env: { PATH: process.env['PATH'], HOME: directory, ...environment },
    },
  );
  return JSON.parse(stdout) as Record<string, string>;
}

function matches(rule: Rule, { method, path }: { readonly method: string; readonly path: string }): boolean {
  const pattern = `${PREFIX[rule.service]}${rule.path}`
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return rule.method === method && new RegExp(`^${pattern.join('[^/]+')}$`).test(path);
}

/** Rules that no request since `from` needed. */
function unused(cloud: EmbeddedCloud, from: number, rules: readonly Rule[]): Rule[] {
  const sent = cloud.requests.slice(from);
  return rules.filter((rule) => !sent.some((request) => matches(rule, request)));
}

describe('access rules of an application credential', () => {
  it('are enough for a backup and a restore, and none is too many', async () => {
    await using cloud = await startEmbeddedCloud();
    cloud.seed.addVolume({ name: 'plain', imageMetadata: { os: 'debian' }, metadata: { a: 'b' } });
    const backupRules = rulesOf('backup-volume');
    const saved = await tool(limitedTo(cloud, backupRules), 'backup-volume', '--volumes', 'plain');
    expect(unused(cloud, 0, backupRules)).toEqual([]);

    const from = cloud.requests.length;
    const restoreRules = rulesOf('restore-volume');
    const words = ['--manifest', saved['manifest'] ?? '', '--allow-unsigned', '--name', 'again'];
    const restored = await tool(limitedTo(cloud, restoreRules), 'restore-volume', ...words);
    expect(unused(cloud, from, restoreRules)).toEqual([]);
    expect(cloud.state.volumes.get(restored['volume-id'] ?? '')?.name).toBe('again');
    expect(cloud.errors).toEqual([]);
  });

  it('are enough with encrypted volumes, and over a volume', async () => {
    await using cloud = await startEmbeddedCloud();
    cloud.seed.addVolume({ name: 'sealed', type: 'luks', bootable: true });
    const target = cloud.seed.addVolume({ name: 'target', type: 'luks' });
    const [extra, over] = [rulesOf('backup-volume, encrypted'), rulesOf('restore-volume, over a volume')];
    const roles = ['member', 'creator'];
    const backupEnvironment = limitedTo(cloud, [...rulesOf('backup-volume'), ...extra], roles);
    const saved = await tool(backupEnvironment, 'backup-volume', '--volumes', 'sealed');
    expect(unused(cloud, 0, extra)).toEqual([]);

    const from = cloud.requests.length;
    const keys = rulesOf('restore-volume, encrypted');
    const restoreEnvironment = limitedTo(cloud, [...rulesOf('restore-volume'), ...over, ...keys], roles);
    const words = [
      '--manifest',
      saved['manifest'] ?? '',
      '--allow-unsigned',
      '--to',
      target.id,
      '--overwrite',
      '--name',
      'renamed',
    ];
    const restored = await tool(restoreEnvironment, 'restore-volume', ...words);
    expect(restored['volume-id']).toBe(target.id);
    expect(unused(cloud, from, over)).toEqual([]);
    expect(cloud.errors).toEqual([]);
  });

  it.each(['backup-volume', 'restore-volume'])(
    '%s fails where any one of its rules is missing',
    async (name) => {
      await using cloud = await startEmbeddedCloud();
      cloud.seed.addVolume({ name: 'plain', imageMetadata: { os: 'debian' }, metadata: { a: 'b' } });
      const all = rulesOf('backup-volume');
      const saved = await tool(limitedTo(cloud, all), 'backup-volume', '--volumes', 'plain');
      const words =
        name === 'backup-volume'
          ? ['--volumes', 'plain']
          : ['--manifest', saved['manifest'] ?? '', '--allow-unsigned', '--name', 'again'];
      const rules = rulesOf(name);
      expect(rules.length).toBeGreaterThan(5);
      for (const left of rules) {
        const environment = limitedTo(
          cloud,
          rules.filter((rule) => rule !== left),
        );
        const before = cloud.requests.length;
        await tool(environment, name, ...words).catch(() => undefined);
        const refused = cloud.requests.slice(before).filter(({ status }) => status === 401 || status === 403);
        expect(refused.some((request) => matches(left, request))).toBe(true);
      }
    },
  );
});
