/**
 * What Nova does with an encrypted volume when it connects it. Over RBD qemu opens LUKS itself and refuses what it cannot
 * open; where there is a device path, `_attach_encryptor` formats what is no LUKS, and the data is lost.
 */
import type { Core } from '../core.ts';
import { JobFailure } from '../http.ts';
import { formatLuks1, isLuks1, openLuks1, passphraseOf } from '../luks.ts';
import type { Volume } from '../state.ts';

export function connect(core: Core, volume: Volume): void {
  if (volume.encryptionKeyId === null) return;
  const key = core.state.secrets.get(volume.encryptionKeyId)?.payload ?? null;
  const passphrase = key === null ? null : passphraseOf(key);
  if (core.options.capabilities.attachFormats && passphrase !== null && !isLuks1(volume.data))
    formatLuks1(volume.data, passphrase);
  if (passphrase === null || openLuks1(volume.data, passphrase) === undefined)
    throw new JobFailure(`volume ${volume.id} is no LUKS that its key opens`);
}
