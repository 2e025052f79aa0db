/** Names and values that an image may have. */
import type { Json, JsonObject, Refusal } from '../http.ts';
import { pythonRepr } from '../python.ts';
import { imageRefusal } from './errors.ts';

export const READ_ONLY = [
  'created_at',
  'updated_at',
  'status',
  'checksum',
  'size',
  'virtual_size',
  'direct_url',
  'self',
  'file',
  'schema',
  'os_hash_algo',
  'os_hash_value',
  'stores',
];

export const RESERVED = ['location', 'locations', 'deleted', 'deleted_at'];

const DISK_FORMATS = ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'];

const CONTAINER_FORMATS = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'];

const VISIBILITIES = ['community', 'public', 'private', 'shared'];

function badSchema(message: string): Refusal {
  return imageRefusal(400, `Provided object does not match schema 'image': ${message}`);
}

export function checkName(key: string): void {
  if (READ_ONLY.includes(key)) throw imageRefusal(403, `Attribute '${key}' is read-only.`);
  if (RESERVED.includes(key)) throw imageRefusal(403, `Attribute '${key}' is reserved.`);
  if (key.startsWith('os_glance')) throw imageRefusal(403, null, `Attribute '${key}' is reserved.`);
}

type Kind = 'boolean' | 'integer' | 'string' | 'null' | 'array';

function kindOf(value: Json): Kind | 'object' | 'number' {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'object' ? 'object' : (typeof value as 'boolean' | 'string');
}

export const KINDS: Record<string, Kind[]> = {
  id: ['string'],
  name: ['null', 'string'],
  disk_format: ['null', 'string'],
  container_format: ['null', 'string'],
  visibility: ['string'],
  protected: ['boolean'],
  os_hidden: ['boolean'],
  min_disk: ['integer'],
  min_ram: ['integer'],
  tags: ['array'],
  owner: ['null', 'string'],
};

/** The longest name and value of a property that the database takes; nobody checks them before. */
const MOST = { name: 255, value: 65_535 };

/** What is refused of a new image only; of one that is there the database refuses it (checkValue). */
export function checkNew(body: JsonObject): void {
  for (const [key, value] of Object.entries(body)) {
    if (KINDS[key] === undefined && key.length > MOST.name)
      throw imageRefusal(400, `Custom property should not be greater than ${MOST.name} characters.`);
    checkPlane(key, value ?? null);
  }
}

export function checkPlane(key: string, value: Json): void {
  if (typeof value === 'string' && /[\u{10000}-\u{10ffff}]/u.test(value))
    throw imageRefusal(400, `${capitalized(key)} can't contain 4 byte unicode characters.`);
}

function capitalized(key: string): string {
  return key.slice(0, 1).toUpperCase() + key.slice(1).toLowerCase();
}

export function checkValue(key: string, value: Json): void {
  const kinds = KINDS[key] ?? ['string'];
  if (!kinds.includes(kindOf(value) as Kind)) {
    throw badSchema(`${pythonRepr(value)} is not of type ${kinds.map((kind) => `'${kind}'`).join(', ')}`);
  }
  const choices: Record<string, Json[]> = {
    disk_format: [null, ...DISK_FORMATS],
    container_format: [null, ...CONTAINER_FORMATS],
    visibility: VISIBILITIES,
  };
  if ((key === 'min_disk' || key === 'min_ram') && Number(value) < 0)
    throw imageRefusal(
      400,
      `Invalid value '${String(value)}' for parameter '${key}': Cannot be a negative value`,
    );
  if (key === 'name' && String(value).length > MOST.name) throw badSchema(`${pythonRepr(value)} is too long`);
  if (KINDS[key] === undefined && (key.length > MOST.name || String(value).length > MOST.value))
    throw imageRefusal(500, null);
  const tag =
    key === 'tags' && Array.isArray(value)
      ? value.find((each) => String(each).length > MOST.name)
      : undefined;
  if (tag !== undefined) throw badSchema(`${pythonRepr(tag)} is too long`);
  const allowed = choices[key];
  if (allowed !== undefined && !allowed.includes(value)) {
    throw badSchema(`${pythonRepr(value)} is not one of ${pythonRepr(allowed)}`);
  }
  if (key === 'id' && !/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(String(value))) {
    throw badSchema(
      `${pythonRepr(value)} does not match '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$'`,
    );
  }
}
