import { choosePoint } from '../../catalog/choose.ts';
import { takenAt } from '../../catalog/times.ts';
import { InputError, OperationError } from '../../errors.ts';
import type { diskInputs } from '../../inputs/serve.ts';
import type { Values } from '../../inputs/table.ts';
import type { OpenedLuks } from '../../keys/unlock.ts';
import { pointWithId } from '../../manifest/points.ts';
import type { Payload, SecretPoint } from '../../manifest/schema.ts';
import { readingsOf } from '../../payload/by-hand.ts';
import { openKey } from '../../payload/open-key.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { quoted } from '../../text/escape.ts';
import type { Context } from '../context.ts';
import { trustedManifest } from './trusted-manifest.ts';

/** The disk of a restore point in a store. */
export interface StoredDisk {
  /** "volume v1", for messages. */
  readonly called: string;
  /** When its data was taken. */
  readonly taken: string;
  readonly payload: Payload;
  readonly format: string;
  readonly encrypted: boolean;
  /** The saved key, where it was saved. */
  readonly key: SecretPoint | undefined;
}

/**
 * The disk that the inputs of `dump`, `serve` and `files` mean.
 *
 * @throws InputError unless a store has it, and what it takes to decrypt it
 */
export async function storedDisk(context: Context, given: Values<typeof diskInputs>): Promise<StoredDisk> {
  const { volume, image } = given;
  if ((volume === undefined) === (image === undefined))
    throw new InputError('give either `volume` or `image`', 'A manifest has disks of both.');
  const reading = { ...given, at: undefined, 'allow-other-project': false };
  const kind = volume === undefined ? 'image' : 'volume';
  const manifest = await trustedManifest(context, given.manifest, reading, kind, volume ?? image);
  const point = choosePoint(manifest, kind, volume ?? image);
  const { resource } = point;
  const called = `${kind} ${quoted(resource.name)} (${resource.id})`;
  const payload = 'payload' in point ? point.payload : null;
  if (payload === null || payload === undefined)
    throw new InputError(
      `${called} is saved in the cloud, not in a store`,
      `Restore it with \`restore-${kind}\`, or save it with \`method: image\` and \`store\`.`,
    );
  const encryption = resource.encryption;
  if (given.unlock && encryption === null)
    throw new InputError(`${called} is not encrypted`, 'Leave out `unlock`.');
  const format = resource.kind === 'image' ? (resource.diskFormat ?? 'raw') : 'raw';
  const keyId = encryption?.key.point;
  if (given.unlock && keyId === undefined)
    throw new InputError(
      `${called} is encrypted, but its key is not in the manifest`,
      'Use a restore point made with `recipients`: without its key, nobody can open the data.',
    );
  const key = keyId === undefined ? undefined : pointWithId(manifest, 'secret', keyId);
  return { called, taken: takenAt(point, manifest), payload, format, encrypted: encryption !== null, key };
}

/** What may be the passphrase, from a saved key. */
export async function passphrasesIn(
  { host }: Context,
  store: PayloadStore,
  key: SecretPoint,
): Promise<readonly Uint8Array[]> {
  const saved = await openKey((kept) => host.secrets.add(kept), store, key);
  const passphrases = readingsOf(saved, key.resource.secretType).map(({ passphrase }) => passphrase);
  for (const passphrase of passphrases) host.secrets.add(passphrase);
  return passphrases;
}

/** The key slot that the saved key opens, in words. */
export function luksWords({ version, cipher, sectorBytes, slot }: OpenedLuks): string {
  return `LUKS${version}, ${cipher}, sectors of ${sectorBytes} bytes, key slot ${slot}`;
}

export function notLuks(called: string): OperationError {
  return new OperationError(`the data of ${called} is not a LUKS image`, 'Leave out `unlock`.');
}

export function notOpened(called: string): OperationError {
  return new OperationError(
    `the saved key opens no key slot of ${called}`,
    'The key was changed after the backup, or before it: try other restore points.',
  );
}
