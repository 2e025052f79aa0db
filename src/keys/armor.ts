const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----';

/** How many first bytes {@link isArmored} looks at. */
export const ARMOR_HEAD = BEGIN.length;

/** Whether bytes begin like an armored age file, as `age --armor` writes it. */
export function isArmored(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(0, BEGIN.length)).equals(Buffer.from(BEGIN));
}

/**
 * The age file in an armored text. The file itself proves that it is complete and unaltered, so characters outside the
 * alphabet, such as line ends, are skipped.
 */
export async function* dearmored(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let text = '';
  let isBegun = false;
  for await (const piece of source) {
    text += Buffer.from(piece).toString('latin1');
    if (!isBegun && text.length < BEGIN.length) continue;
    if (!isBegun) text = text.slice(BEGIN.length);
    isBegun = true;
    const end = text.indexOf('-');
    const letters = (end < 0 ? text : text.slice(0, end)).replace(/[^A-Za-z0-9+/=]/g, '');
    const whole = end < 0 ? letters.length - (letters.length % 4) : letters.length;
    if (whole > 0) yield Buffer.from(letters.slice(0, whole), 'base64');
    if (end >= 0) return;
    text = letters.slice(whole);
  }
}
