/**
 * The passphrase that OpenStack makes from a key, for LUKS without a newline: the lower-case hex of its bytes, or, for
 * a secret of type `passphrase`, the secret itself.
 * https://opendev.org/openstack/os-brick/src/branch/master/os_brick/utils.py (get_passphrase_from_secret)
 *
 * @param secretType as Barbican says it
 */
export function passphraseOf(secret: Uint8Array, secretType: string): Buffer {
  const bytes = Buffer.from(secret);
  return secretType === 'passphrase' ? bytes : hexOf(bytes);
}

/**
 * All passphrases that may have been made from a key, the likely one first: Nova, Cinder's RBD driver, and os-brick
 * before August 2024 use the hex of every secret, whatever its type.
 */
export function passphrasesOf(secret: Uint8Array, secretType: string): Buffer[] {
  const first = passphraseOf(secret, secretType);
  return secretType === 'passphrase' ? [first, hexOf(secret)] : [first];
}

function hexOf(bytes: Uint8Array): Buffer {
  return Buffer.from(Buffer.from(bytes).toString('hex'), 'latin1');
}
