import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddedCloud, LoggedRequest } from '../../fakes/cloud/index.ts';

/** As Keystone keeps it in an application credential. */
export interface Rule {
  readonly service: string;
  readonly method: string;
  readonly path: string;
}

/** The lists of `docs/permissions.md`, by their names. */
export async function documentedRules(): Promise<ReadonlyMap<string, readonly Rule[]>> {
  const text = await readFile(join(import.meta.dirname, '../../../docs/permissions.md'), 'utf8');
  const blocks = text.matchAll(/<!-- rules: (.+?) -->\n```json\n(.+?)```/gs);
  return new Map([...blocks].map(([, name = '', json = '']) => [name, JSON.parse(json) as Rule[]]));
}

const documented = await documentedRules();

/** Of lists, each rule once: they have some in common. */
export function rulesOf(...names: readonly string[]): Rule[] {
  const rules = names.flatMap((name) => {
    const found = documented.get(name);
    if (found === undefined) throw new Error(`docs/permissions.md has no list "${name}"`);
    return found;
  });
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

/** The embedded cloud's endpoints have prefixes, which its services do not see. */
const PREFIX: Readonly<Record<string, string>> = {
  'block-storage': '/volume',
  image: '/image',
  'key-manager': '/key-manager',
  compute: '/compute',
  network: '/network',
  'object-store': '/swift',
};

const WILD: Readonly<Record<string, string>> = { '*': '[^/]+', '**': '.+' };

export function matches(rule: Rule, { method, path }: Pick<LoggedRequest, 'method' | 'path'>): boolean {
  const pattern = `${PREFIX[rule.service]}${rule.path}`
    .split(/(\*\*?)/)
    .map((part) => WILD[part] ?? part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return rule.method === method && new RegExp(`^${pattern.join('')}$`).test(path);
}

/** Environment of a user whose application credential can do only what the rules say; everything without rules. */
export function limitedTo(cloud: EmbeddedCloud, rules?: readonly Rule[]): Record<string, string> {
  const credential = cloud.seed.addApplicationCredential(
    'demo',
    rules === undefined ? {} : { accessRules: [...rules] },
  );
  return {
    OS_AUTH_TYPE: 'v3applicationcredential',
    OS_AUTH_URL: cloud.authUrl,
    OS_APPLICATION_CREDENTIAL_ID: credential.id,
    OS_APPLICATION_CREDENTIAL_SECRET: credential.secret,
    OS_REGION_NAME: 'RegionOne',
  };
}

/**
 * Remembers what the cloud has now.
 *
 * @returns what takes away all that came since, and brings back what went, with the names, metadata and states that it had
 */
export function bookmark({ state }: EmbeddedCloud): () => void {
  const tables: Map<string, object>[] = [
    state.servers,
    state.volumes,
    state.snapshots,
    state.backups,
    state.images,
    state.secrets,
    state.network.ports,
    state.network.floatingIps,
  ];
  const before = tables.map((table) => new Map([...table].map(([id, row]) => [id, { ...row }])));
  const keyPairs = state.keypairs.length;
  return () => {
    for (const [at, table] of tables.entries()) {
      for (const [id, row] of table) {
        const old = before[at]?.get(id);
        if (old === undefined) table.delete(id);
        else Object.assign(row, old);
      }
      for (const [id, old] of before[at] ?? []) if (!table.has(id)) table.set(id, { ...old });
    }
    state.keypairs.splice(keyPairs);
  };
}
