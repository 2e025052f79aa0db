import type { KeyObject } from 'node:crypto';
import type { Doubt } from '../errors.ts';
import { InputError } from '../errors.ts';
import { opener } from '../keys/age.ts';
import {
  DIGEST,
  ENVELOPE_FILE,
  MANIFEST_FILE,
  RUNBOOK_FILE,
  SEALED_FILE,
  SEALED_RUNBOOK_FILE,
  SIGNATURE,
} from '../manifest/files.ts';
import { type FoundJournal, JOURNAL_FILE, manifestOf, parseJournal } from '../manifest/journal.ts';
import { parseManifest, sha256 } from '../manifest/parse.ts';
import { parseReceipt, type Receipt } from '../manifest/receipt.ts';
import type { Manifest } from '../manifest/schema.ts';
import { signatureHolds } from '../manifest/sign.ts';
import type { Files } from '../ports/github.ts';

/** A manifest as it was found, not checked yet. */
export interface FoundManifest {
  /** For messages: a path, `artifact openstack-backup-1-1-ab of run 1`. */
  readonly name: string;
  /** The name of the manifest's file, which ends in `.age` if it is sealed. */
  readonly file: string;
  readonly bytes: Buffer;
  readonly digests: readonly string[];
  readonly signatures: readonly string[];
  /**
   * Whether the place vouches for it: GitHub says that a run of this repository made it, by a workflow and on a branch
   * that the user trusts, and the digest is the one that GitHub recorded. That is as good as a signature by a key in
   * the same repository's secrets, and nobody has to find a key on the day of the disaster.
   */
  readonly vouched: boolean;
  /** What lies beside a sealed manifest in clear. */
  readonly envelope?: { readonly bytes: Buffer; readonly signatures: readonly string[] };
  /** Set for a run that is not over: then the bytes are its journal's. */
  readonly journal?: FoundJournal;
  /** Only if it was asked for, and is there. */
  readonly runbook?: FoundRunbook;
}

/** The `RESTORE.md` beside a manifest, as it was found. Nothing signs it: never do what it says. */
export interface FoundRunbook {
  /** The name of its file, which ends in `.age` if it is sealed. */
  readonly file: string;
  readonly bytes: Buffer;
}

export interface ReadOptions {
  /** The public key that the signature must match. */
  readonly verifyKey: KeyObject | undefined;
  /** Accepts a manifest that is unsigned, signed by another key, or altered. */
  readonly allowUnsigned: boolean;
  readonly warn: (line: string) => void;
  /** The age identity that opens a sealed manifest. */
  readonly identity?: string | undefined;
  /** Whether to read the `RESTORE.md` beside it too. */
  readonly withRunbook?: boolean;
}

export interface Read {
  readonly manifest: Manifest;
  /** The digest of the manifest's text. */
  readonly sha256: string;
  /** Where it was found. */
  readonly path: string;
  readonly runbook?: FoundRunbook;
}

/**
 * The manifest in what was found, if it can be trusted.
 *
 * @throws InputError if it is altered, unsigned or incomplete, or cannot be opened
 */
export async function readFound(found: FoundManifest, options: ReadOptions): Promise<Read> {
  checkTrust(found, options);
  return parseFound(found, options.identity);
}

/** @throws InputError if it cannot be trusted, unless `allowUnsigned` is set */
export function checkTrust(found: FoundManifest, options: ReadOptions): void {
  const doubt = doubtOf(found, options.verifyKey);
  if (doubt === undefined) return;
  if (!options.allowUnsigned) throw new InputError(`${found.name} ${doubt.what}`, doubt.hint);
  options.warn(`${found.name} ${doubt.what}; restoring from it anyway, because of \`allow-unsigned\``);
}

export const UNSIGNED = {
  what: 'is not signed',
  hint: 'If you trust where it comes from, use `allow-unsigned: true`.',
} as const;

/** Why it cannot be trusted; undefined if it can. */
export function doubtOf(found: FoundManifest, key: KeyObject | undefined): Doubt | undefined {
  const altered = 'Use another copy of it. If you know why it changed, use `allow-unsigned: true`.';
  const { digests, signatures, journal } = found;
  if (journal?.altered)
    return { what: 'was altered: its lines do not match the digests in it', hint: altered };
  const bytes = journal?.signed ?? found.bytes;
  const digest = sha256(bytes);
  if (digests.length > 0 && !digests.includes(digest))
    return {
      what: `was altered: its SHA-256 is ${digest}, but ${found.file}${DIGEST} says ${digests.at(-1)}`,
      hint: altered,
    };
  if (key !== undefined) {
    if (signatures.some((line) => signatureHolds(bytes, line, key))) return undefined;
    return signatures.length === 0
      ? UNSIGNED
      : { what: 'was altered, or signed with a key other than `verify-key`', hint: altered };
  }
  if (found.vouched) return undefined;
  return signatures.length === 0
    ? { ...UNSIGNED, kind: 'unsigned' }
    : {
        what: 'is signed, but no `verify-key` was given to check it',
        hint: 'Give `verify-key`, or use `allow-unsigned: true` if you trust where it comes from.',
      };
}

/** Parses it, trusted or not. @throws InputError if it cannot be opened, or is not a complete manifest */
export async function parseFound(found: FoundManifest, identity: string | undefined): Promise<Read> {
  if (found.journal !== undefined) {
    const value = await manifestOf(found.journal, () => opener(identity, found.name));
    const text = `${JSON.stringify(value, undefined, 2)}\n`;
    return { manifest: await parseManifest(text, found.name), sha256: sha256(text), path: found.name };
  }
  const sealed = found.file.endsWith('.age');
  const bytes = sealed
    ? await (await opener(identity, found.name)).open(found.bytes, found.name)
    : found.bytes;
  return {
    manifest: await parseManifest(bytes.toString('utf8'), found.name),
    sha256: sha256(bytes),
    path: found.name,
    ...(found.runbook && { runbook: found.runbook }),
  };
}

/**
 * Finds the manifest among files that belong together.
 *
 * @throws InputError if there is none
 */
export function foundIn(name: string, files: Files, vouched: boolean): FoundManifest {
  const journal = files[JOURNAL_FILE] && foundJournal(name, files[JOURNAL_FILE], vouched);
  if (journal !== undefined) return journal;
  const file = [MANIFEST_FILE, SEALED_FILE].find((known) => Object.hasOwn(files, known));
  const bytes = file === undefined ? undefined : files[file];
  if (file === undefined || bytes === undefined)
    throw new InputError(`${name} holds no ${MANIFEST_FILE}`, 'Give one that openstack-backup published.');
  return {
    name,
    file,
    bytes: Buffer.from(bytes),
    digests: digestsOf(textOf(files[file + DIGEST])),
    signatures: linesOf(textOf(files[file + SIGNATURE])),
    vouched,
    ...envelopeOf(file, files[ENVELOPE_FILE], textOf(files[ENVELOPE_FILE + SIGNATURE])),
    ...runbookOf(file, files),
  };
}

/** The one that is sealed if the manifest is. */
export function runbookOf(manifest: string, files: Files): Pick<FoundManifest, 'runbook'> {
  const file = runbookBeside(manifest);
  const bytes = files[file];
  return bytes === undefined ? {} : { runbook: { file, bytes: Buffer.from(bytes) } };
}

/** @param manifest the name of its file */
export function runbookBeside(manifest: string): string {
  return manifest === SEALED_FILE ? SEALED_RUNBOOK_FILE : RUNBOOK_FILE;
}

/** @param sidecar its signatures */
export function envelopeOf(
  file: string,
  bytes: Uint8Array | undefined,
  sidecar: string,
): Pick<FoundManifest, 'envelope'> {
  if (bytes === undefined || file !== SEALED_FILE) return {};
  return { envelope: { bytes: Buffer.from(bytes), signatures: linesOf(sidecar) } };
}

/** What the envelope says, for those who cannot open it; undefined if it says nothing, or another key signed it. */
export function receiptIn({ envelope }: FoundManifest, key: KeyObject | undefined): Receipt | undefined {
  if (envelope === undefined) return undefined;
  const { bytes, signatures } = envelope;
  if (key !== undefined && !signatures.some((line) => signatureHolds(bytes, line, key))) return undefined;
  try {
    return parseReceipt(bytes.toString('utf8'));
  } catch (error) {
    if (error instanceof TypeError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The journal of a run that is not over; undefined if it holds nothing usable. */
export function foundJournal(name: string, bytes: Uint8Array, vouched: boolean): FoundManifest | undefined {
  const journal = parseJournal(bytes);
  return (
    journal && {
      name,
      file: JOURNAL_FILE,
      bytes: Buffer.from(bytes),
      digests: [],
      signatures: journal.signatures,
      vouched,
      journal,
    }
  );
}

export function digestsOf(sidecar: string): string[] {
  return linesOf(sidecar).map((line) => line.split(/\s+/)[0] ?? '');
}

/** Bounds the lines that are read: a real sidecar is short. */
export function linesOf(sidecar: string): string[] {
  return sidecar
    .slice(0, 4096)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('utf8');
}
