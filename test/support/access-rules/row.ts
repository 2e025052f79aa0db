import { randomBytes } from 'node:crypto';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { listImages } from '../../../src/openstack/image/v2/images.ts';
import { KEY_ID } from '../../../src/openstack/image/v2/properties.ts';
import { collect } from '../../../src/pool.ts';
import type { EmbeddedWorld } from '../../scenarios/embedded.ts';
import type { World } from '../../scenarios/world.ts';

/** A command, and its inputs as texts. */
export type Words = readonly [name: string, inputs: Readonly<Record<string, string>>];

/** Runs a command with all of its user's rights. */
export type Unlimited = (...words: Words) => Promise<Readonly<Record<string, string | undefined>>>;

/** A run for which lists of `docs/permissions.md` are enough. */
interface Facts {
  readonly name: string;
  /** Names of lists whose rules are all needed for it. */
  readonly proved: readonly string[];
  /** Lists that are given too. */
  readonly beside?: readonly string[];
  /** Where the run is to fail. */
  readonly code?: 1;
  readonly error?: string;
}

/** One that needs a switch of the embedded cloud. */
export interface EmbeddedRow extends Facts {
  readonly anywhere?: never;
  /** @returns what is run with the rules */
  prepare(world: EmbeddedWorld, run: Unlimited): Promise<Words>;
}

export interface AnyRow extends Facts {
  readonly anywhere: true;
  /** @returns what is run with the rules */
  prepare(world: World, run: Unlimited): Promise<Words>;
}

export type Row = AnyRow | EmbeddedRow;

const content = randomBytes(1000);
const identity = await generateIdentity();
export const SAFE = { store: 'directory:payloads', recipients: await identityToRecipient(identity) };
export const STORE = { store: 'directory:payloads' };
export const AS_IMAGE = { method: 'image' };
export const CINDER = { method: 'cinder-backup' };
const OPEN = { 'allow-unsigned': 'true', store: 'directory:payloads', identity };

type Kind = 'standard' | 'luks';

/** A volume with something in it. */
export function volume(world: World, type: Kind = 'standard', bootable = false): Promise<string> {
  return world.makeVolume({ name: 'db', type, content, bootable, metadata: { a: 'b' } });
}

/** Saves something, and says how it is restored. */
export async function restoring(
  name: string,
  run: Unlimited,
  saving: Words,
  inputs: Readonly<Record<string, string>> = {},
): Promise<Words> {
  const { manifest = '' } = await run(...saving);
  return [name, { ...OPEN, manifest, ...inputs }];
}

/** The image of an encrypted volume, which names its key. */
export async function encryptedImage(world: World, run: Unlimited): Promise<string> {
  await run('backup-volume', { ...AS_IMAGE, volumes: await volume(world, 'luks') });
  const images = await collect(listImages(await (await world.session()).service('image')));
  const made = images.find(({ properties }) => properties[KEY_ID] !== undefined);
  if (made === undefined) throw new Error('the volume was not saved as an image');
  return made.id;
}
