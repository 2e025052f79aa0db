/** A volume's device: how long it is, what is on it when fresh, and how to reach its plain bytes. */
import { SparseBytes } from './bytes.ts';
import type { Core } from './core.ts';
import { formatLuks1, LUKS_HEADER_BYTES, type OpenedLuks, openLuks1, passphraseOf } from './luks.ts';
import type { Volume } from './state.ts';

export function deviceBytes(core: Core, gib: number, encrypted: boolean): number {
  const plain = gib * core.options.gibBytes;
  return encrypted && !core.options.capabilities.luksHeaderInside ? plain + LUKS_HEADER_BYTES : plain;
}

/** The Barbican key's bytes, as the passphrase that opens the device. */
export function passphraseFor(core: Core, keyId: string): string {
  const payload = core.state.secrets.get(keyId)?.payload;
  if (payload == null) throw new Error(`secret ${keyId} has no payload`);
  return passphraseOf(payload);
}

export function freshDevice(core: Core, gib: number, keyId: string | null): SparseBytes {
  const data = new SparseBytes(deviceBytes(core, gib, keyId !== null));
  if (keyId !== null) formatLuks1(data, passphraseFor(core, keyId));
  return data;
}

/** A copy of `source` on a device of its own, cut or filled up with zeros to its size. */
export function copiedDevice(core: Core, source: SparseBytes, gib: number, encrypted: boolean): SparseBytes {
  const data = source.clone();
  data.resize(Math.max(source.size, deviceBytes(core, gib, encrypted)));
  return data;
}

/** The plain side of a volume's device, going through its key where it has one. */
export function plainSide(core: Core, volume: Volume): OpenedLuks {
  if (volume.encryptionKeyId === null) {
    return {
      payloadOffset: 0,
      payloadBytes: volume.data.size,
      readPlain: (offset, length) => volume.data.read(offset, length),
      writePlain: (offset, bytes) => volume.data.write(offset, bytes),
    };
  }
  const opened = openLuks1(volume.data, passphraseFor(core, volume.encryptionKeyId));
  if (opened === undefined) throw new Error(`the key of volume ${volume.id} does not open it`);
  return opened;
}
