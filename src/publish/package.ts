import type { KeyObject } from 'node:crypto';
import type { Sealer } from '../keys/age.ts';
import {
  DIGEST,
  ENVELOPE_FILE,
  MANIFEST_FILE,
  RUNBOOK_FILE,
  SEALED_FILE,
  SEALED_RUNBOOK_FILE,
  SIGNATURE,
} from '../manifest/files.ts';
import { serialize, sha256 } from '../manifest/parse.ts';
import { receiptOf } from '../manifest/receipt.ts';
import type { Manifest } from '../manifest/schema.ts';
import { signature } from '../manifest/sign.ts';
import type { Files } from '../ports/github.ts';
import { runbook } from '../runbook/runbook.ts';

/** A manifest and its sidecars, as files that travel together. */
export interface Package {
  readonly files: Files;
  /** Digest of the manifest's text, sealed or not. Lower-case hex. */
  readonly sha256: string;
}

/**
 * The files of a manifest. A sidecar covers the file beside it as it is, so that those who cannot open a sealed
 * manifest can still check it. The runbook holds names as the manifest does, and is sealed like it.
 */
export async function packageOf(
  manifest: Manifest,
  key: KeyObject | undefined,
  seal: Sealer | undefined,
): Promise<Package> {
  const text = Buffer.from(serialize(manifest), 'utf8');
  const digest = sha256(text);
  const book = await runbookFile(manifest, digest, seal);
  const cover = Buffer.from(envelope(manifest));
  const [name, bytes] = seal === undefined ? [MANIFEST_FILE, text] : [SEALED_FILE, await seal.seal(text)];
  return {
    sha256: digest,
    files: {
      [name]: bytes,
      [name + DIGEST]: digestLine(sha256(bytes), name),
      ...(key === undefined ? {} : { [name + SIGNATURE]: Buffer.from(`${signature(bytes, key)}\n`) }),
      ...(seal === undefined
        ? { [RUNBOOK_FILE]: book }
        : {
            [SEALED_RUNBOOK_FILE]: book,
            [ENVELOPE_FILE]: cover,
            ...(key === undefined
              ? {}
              : { [ENVELOPE_FILE + SIGNATURE]: Buffer.from(`${signature(cover, key)}\n`) }),
          }),
    },
  };
}

/** @param sha256 of the manifest's text; undefined if there is only a journal */
export async function runbookFile(
  manifest: Manifest,
  sha256: string | undefined,
  seal: Sealer | undefined,
): Promise<Buffer> {
  const book = Buffer.from(runbook(manifest, sha256), 'utf8');
  return seal === undefined ? book : seal.seal(book);
}

/** The format of sha256sum, so that `sha256sum -c` checks it. */
function digestLine(digest: string, name: string): Buffer {
  return Buffer.from(`${digest}  ${name}\n`);
}

/**
 * All that strangers may know of a sealed manifest: that it is one, what made it and when, and how to open it; and what
 * later runs need, which cannot open it either.
 */
function envelope(manifest: Manifest): string {
  const { id, tool, started, finished } = manifest.run;
  const opened = (file: string, sealed: string) => `age -d -i KEY -o ${file} ${sealed}`;
  const text = {
    format: 'openstack-backup envelope',
    version: 1,
    run: { id, tool, started, finished },
    sealed: SEALED_FILE,
    open: opened(MANIFEST_FILE, SEALED_FILE),
    runbook: SEALED_RUNBOOK_FILE,
    openRunbook: opened(RUNBOOK_FILE, SEALED_RUNBOOK_FILE),
    receipt: receiptOf(manifest),
  };
  return `${JSON.stringify(text, undefined, 2)}\n`;
}
