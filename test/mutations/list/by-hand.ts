import type { Mutation } from '../mutation.ts';

/** Drills by hand: commands that somebody else wrote, or that go on, or that see what they should not. */
export const byHand: readonly Mutation[] = [
  {
    id: 'by-hand/altered',
    file: 'drill/by-hand/proved.ts',
    what: 'an altered RESTORE.md is as good as another',
    find: "if (Buffer.from(text, 'utf8').equals(found)) return text;",
    put: 'if (found.length > 0) return text;',
  },
  {
    id: 'by-hand/version',
    file: 'drill/by-hand/proved.ts',
    what: 'one of another version is called altered',
    find: 'if (tool !== TOOL)',
    put: 'if (tool === undefined)',
  },
  {
    id: 'by-hand/environment',
    file: 'drill/by-hand/hand.ts',
    what: 'commands see our environment',
    find: 'env: environment,',
    put: 'env: { ...process.env, ...environment },',
  },
  {
    id: 'by-hand/pipefail',
    file: 'drill/by-hand/hand.ts',
    what: 'a command that fails in a pipe is not seen',
    find: "'-euo', 'pipefail', file]",
    put: "'-eu', file]",
  },
  {
    id: 'by-hand/redact',
    file: 'drill/by-hand/hand.ts',
    what: 'a secret that a command says is in the error',
    find: 'redact(kept)',
    put: 'kept',
  },
  {
    id: 'by-hand/late',
    file: 'drill/by-hand/hand.ts',
    what: 'commands that take too long are called failed',
    find: 'isLate = true;',
    put: 'isLate = false;',
  },
  {
    id: 'by-hand/mode',
    file: 'drill/by-hand/room.ts',
    what: 'others may read the identity',
    find: 'mode: 0o600',
    put: 'mode: 0o644',
  },
  {
    id: 'by-hand/guard',
    file: 'drill/by-hand/room.ts',
    what: 'what runs in the directory outlives it',
    find: '[ -z "$group" ] || kill -KILL -- "-$group"',
    put: 'true',
  },
  {
    id: 'by-hand/path',
    file: 'drill/by-hand/tools.ts',
    what: 'programs of a package manager are taken for those of the machine',
    find: " && !one.includes('node_modules')",
    put: '',
  },
];
