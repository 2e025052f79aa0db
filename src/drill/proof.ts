import type { DrilledPoint } from '../manifest/schema.ts';
import { isProof, recognisedWords } from '../payload/recognise/words.ts';
import type { Finding } from './finding.ts';
import type { Look } from './look-through.ts';

export interface EarlierDigest extends NonNullable<DrilledPoint['digest']> {
  /** When it was read. ISO 8601. */
  readonly time: string;
}

/** What is known of a disk beforehand. */
export interface Expected {
  /** Of what was saved; undefined if the way keeps none. */
  readonly digest: { readonly algorithm: string; readonly value: string; readonly size: number } | undefined;
  /** Of what an earlier drill of the same restore point read, if the way keeps none. */
  readonly earlier?: EarlierDigest | undefined;
  readonly encrypted: boolean;
  /** Why a key of it could not be tried, in words. */
  readonly untried: readonly string[];
}

/**
 * What bytes that came back prove: that they are those that were saved, or, where nobody knows their digest, that they
 * are a disk.
 */
export function proofOf(
  look: Look,
  { digest, earlier, encrypted, untried }: Expected,
): Omit<Finding, 'reached'> & {
  readonly passed: boolean;
  /** Whether the content was recognised, or its key seen to open it. */
  readonly deep: boolean;
} {
  const { size, luks, opened, recognised } = look;
  const isSame = digest !== undefined && look.digest === digest.value;
  const isDisk = isProof(recognised);
  const seen = [
    ...(isSame
      ? [`all ${size > digest.size ? 'saved ' : ''}bytes are what was saved (${digest.algorithm})`]
      : []),
    ...(digest === undefined && earlier !== undefined && look.digest === earlier.value
      ? [`all bytes are what ${drillOf(earlier)} read (${earlier.algorithm})`]
      : []),
    ...(luks === undefined || opened === undefined ? [] : [`${luks}, opened by ${opened.called}`]),
    // An image that stays closed says only that it is LUKS.
    ...(encrypted && opened === undefined && luks !== undefined ? [luks] : [recognisedWords(recognised)]),
    ...untried,
  ];
  const why =
    digestFault(look, digest) ??
    (digest === undefined ? earlierFault(look, earlier) : undefined) ??
    keyFault(look, encrypted, isSame) ??
    contentFault(look, encrypted, isSame);
  const isOpened = !encrypted || opened !== undefined;
  return {
    passed: why === undefined,
    deep: isOpened && (encrypted || isDisk),
    seen,
    size,
    keyProved: opened?.saved === true,
    ...(why !== undefined && { why }),
  };
}

function digestFault({ size, digest: seen }: Look, digest: Expected['digest']): string | undefined {
  if (digest === undefined || seen === digest.value) return undefined;
  return seen === undefined
    ? `only ${size} of ${digest.size} bytes came back`
    : `what came back is not what was saved: its ${digest.algorithm} is ${seen}, but ${digest.value} was recorded`;
}

/** A restore point does not change. */
function earlierFault({ size, digest: seen }: Look, earlier: Expected['earlier']): string | undefined {
  if (earlier === undefined || seen === earlier.value) return undefined;
  return seen === undefined
    ? `only ${size} bytes came back, and ${drillOf(earlier)} read ${earlier.size}`
    : `what came back is not what ${drillOf(earlier)} read: its ${earlier.algorithm} is ${seen}, but was ${earlier.value}`;
}

function drillOf({ time }: EarlierDigest): string {
  return `the drill of ${time.replace(/T.*/, '')}`;
}

function keyFault({ luks, refused, opened }: Look, encrypted: boolean, isSame: boolean): string | undefined {
  if (!encrypted) return undefined;
  if (luks === undefined) return 'it was encrypted, and what came back has no LUKS header';
  const wrong = opened === undefined ? refused : refused.filter(({ saved }) => saved);
  if (wrong.length > 0)
    return `its LUKS header is not opened by ${wrong.map(({ called }) => called).join(' or ')}`;
  return opened === undefined && !isSame ? 'no key could be tried on its LUKS header' : undefined;
}

function contentFault({ recognised }: Look, encrypted: boolean, isSame: boolean): string | undefined {
  if (isSame || encrypted || isProof(recognised)) return undefined;
  return `nothing proves it: no digest of it was recorded, and there is ${recognisedWords(recognised)}`;
}
