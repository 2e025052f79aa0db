/** What `unlock` does, as shell commands: the only place that spells cryptsetup and its options. */

/** Turns a key's bytes into the passphrase, see `passphrase.ts`. */
export const TO_HEX = "od -An -v -tx1 | tr -d ' \\n'";

const KEY = '--type=luks --key-file=-';

/**
 * Opens an image with the passphrase on standard input: its data is then at {@link openedAt}.
 *
 * @param image a word of the shell
 */
export const openLine = (image: string, name: string) =>
  `sudo cryptsetup open --readonly ${KEY} ${image} ${name}`;

/** Only checks whether the passphrase on standard input opens an image. */
export const testLine = (image: string) => `cryptsetup open --test-passphrase ${KEY} ${image}`;

export const closeLine = (name: string) => `sudo cryptsetup close ${name}`;

export const openedAt = (name: string) => `/dev/mapper/${name}`;

/** For a person who has both files. */
export const DETACHED_LINE = 'cryptsetup open --header HEADER DATA NAME';

export const REPAIR_LINE = 'cryptsetup repair';
