import { type CloudState, type EmbeddedCloud, SparseBytes } from '../fakes/cloud/index.ts';

/** What changes although nothing has happened to the thing. */
const FLEETING = new Set(['updatedAt', 'previousStatus', 'actions']);

const TABLES = ['volumes', 'snapshots', 'backups', 'images', 'secrets', 'servers'] as const;

/** A row of any table: what records of temporaries can stand in. */
interface Row {
  readonly id: string;
  readonly name: string | null;
  readonly status?: string;
  readonly description?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly encryptionKeyId?: string | null;
}

function keyOf({ encryptionKeyId, properties }: Row): string | null | undefined {
  return encryptionKeyId ?? properties?.['cinder_encryption_key_id'];
}

function rows(state: CloudState): Row[] {
  return [
    ...TABLES.flatMap((table): Row[] => [...state[table].values()]),
    ...state.network.ports.values(),
    ...state.network.securityGroups.values(),
  ];
}

/** All that stands in the cloud, its bytes too, as text by id. */
export function standing({ state }: EmbeddedCloud): Map<string, string> {
  return new Map([
    ...rows(state).map((row) => [row.id, JSON.stringify(row, legible)] as const),
    ...state.keypairs.map((pair) => [pair.name, JSON.stringify(pair)] as const),
  ]);
}

/** The ids of what was not there before, but for keys that go with something that stands. */
export function newIn({ state }: EmbeddedCloud, before: ReadonlyMap<string, string>): string[] {
  // A snapshot has none of its own.
  const owners: Row[] = [...state.volumes.values(), ...state.backups.values(), ...state.images.values()];
  const keys = new Set(owners.map(keyOf));
  const ids = [...rows(state).map(({ id }) => id), ...state.keypairs.map(({ name }) => name)];
  return ids.filter((id) => !before.has(id) && !keys.has(id));
}

/** Status and id of what runs have recorded as temporary, or as not recorded in a manifest yet. */
export function temporaries({ state }: EmbeddedCloud): string[] {
  return rows(state)
    .filter(isTemporary)
    .map(({ id, status = '' }) => `${status} ${id}`);
}

export function has({ state }: EmbeddedCloud, id: string): boolean {
  const { ports, securityGroups } = state.network;
  if (ports.has(id) || securityGroups.has(id)) return true;
  return TABLES.some((table) => state[table].has(id)) || state.keypairs.some(({ name }) => name === id);
}

/** Takes things out of the cloud, behind its back, and the keys that go with them. */
export function forget({ state }: EmbeddedCloud, given: readonly string[]): void {
  const [gone, others] = [true, false].map((go) => rows(state).filter(({ id }) => given.includes(id) === go));
  // A snapshot has the key of its volume.
  const needed = new Set(others?.map(keyOf));
  const ids = [
    ...given,
    ...(gone ?? []).flatMap((row) => keyOf(row) ?? []).filter((key) => !needed.has(key)),
  ];
  const { ports, securityGroups } = state.network;
  for (const table of [...TABLES.map((name) => state[name]), ports, securityGroups])
    for (const id of ids) table.delete(id);
  const left = state.keypairs.filter(({ name }) => !ids.includes(name));
  state.keypairs.splice(0, state.keypairs.length, ...left);
}

/** By the words themselves, and not as the product reads them. */
function isTemporary({ name, description, properties, metadata }: Row): boolean {
  if (metadata?.['openstack-backup:state'] === 'started') return true;
  const texts = [name, description, ...Object.values({ ...metadata, ...properties })];
  return texts.some((text) => /^(snapshot for )?openstack-backup (temporary|unfinished) /.test(text ?? ''));
}

function legible(key: string, value: unknown): unknown {
  if (FLEETING.has(key)) return undefined;
  if (value instanceof SparseBytes) return value.fingerprint();
  return value instanceof Map ? [...value] : value;
}
