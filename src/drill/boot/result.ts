import type { Finding } from '../finding.ts';
import type { Booted } from './watch-console.ts';

/** What was tried on a server. */
export interface Tried {
  /** "the server ran, with flavor m1.small and without a network". */
  readonly ran: string;
  /** Undefined: no text was expected. */
  readonly booted: (Booted & { readonly words: string }) | undefined;
  /** Undefined: there was no check; `why`: it said no; `yes`: how it says yes. */
  readonly check: { readonly why: string | undefined; readonly yes?: string } | undefined;
}

/**
 * What a boot proves: a text that was expected and seen, that the guest runs (L4); a check that says yes, what the user
 * wants to know of it (L5). A console that stays empty proves nothing, and refutes nothing.
 */
export function bootFinding({ ran, booted, check }: Tried): Finding {
  const seen = [
    ran,
    ...(booted === undefined ? [] : [consoleWords(booted)]),
    ...(check === undefined ? [] : [check.why ?? check.yes ?? 'the check said yes']),
  ];
  const base = { seen, size: 0, keyProved: false };
  const why = (booted?.kind === 'failed' ? booted.why : undefined) ?? check?.why;
  const tail = booted?.kind === 'failed' ? { console: booted.tail } : {};
  if (why !== undefined) return { ...base, ...tail, reached: null, why };
  if (check !== undefined) return { ...base, reached: 'L5' };
  if (booted?.kind === 'seen') return { ...base, reached: 'L4' };
  return {
    ...base,
    reached: null,
    undecided:
      booted?.kind === 'silent' && booted.why !== undefined
        ? 'the server ran, but its console could not be read'
        : 'the server ran, and wrote nothing to its console',
  };
}

function consoleWords(booted: NonNullable<Tried['booted']>): string {
  switch (booted.kind) {
    case 'seen':
      return `${booted.words} on its console after ${Math.round(booted.afterMs / 1000)} s`;
    case 'silent':
      return booted.why === undefined
        ? 'no output on its console'
        : `its console was not seen: ${booted.why}`;
    case 'failed':
      return booted.tail.length === 0 ? 'no output on its console' : 'its console, but not what was expected';
  }
}
