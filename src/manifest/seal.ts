import { InputError, OperationError } from '../errors.ts';

/**
 * Text sealed to age recipients: whoever holds one of their identities can open it, this process cannot.
 * `age -d -i KEY` opens it without us.
 */
export interface Sealer {
  seal(bytes: Uint8Array): Promise<Uint8Array>;
}

/** @throws InputError for what is no age recipient */
export async function sealer(recipients: readonly string[]): Promise<Sealer> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const [index, recipient] of recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      // What was given may be an identity by mistake: it must not be shown.
      throw new InputError(
        `recipient ${index + 1} of ${recipients.length} is no age recipient`,
        'One is a line that starts with age1: age-keygen prints it as the public key.',
        error instanceof Error && !/secret/i.test(recipient) ? error : undefined,
      );
    }
  }
  return { seal: (bytes) => encrypter.encrypt(bytes) };
}

/**
 * Opens what was sealed.
 *
 * @param identity the text of an age identity file; comments and several keys are fine
 * @param what for messages only
 * @throws InputError for no identity in it, or none that fits
 */
export async function unseal(bytes: Uint8Array, identity: string | undefined, what: string): Promise<Buffer> {
  const keys = (identity ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0)
    throw new InputError(`${what} is sealed`, 'Give the age identity that opens it, as `identity`.');
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const key of keys) {
    try {
      decrypter.addIdentity(key);
    } catch {
      throw new InputError(
        '`identity` is no age identity',
        'It is a line that starts with AGE-SECRET-KEY-, as age-keygen writes it.',
      );
    }
  }
  try {
    return Buffer.from(await decrypter.decrypt(bytes));
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    if (/no identity matched/i.test(text))
      throw new InputError(
        `${what} is sealed to others than \`identity\``,
        'Use the identity of one of its recipients.',
      );
    throw new OperationError(
      `${what} cannot be opened: ${text}`,
      'It was altered or cut short: take another copy.',
      error,
    );
  }
}
