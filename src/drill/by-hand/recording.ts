import { randomUUID } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import type { Draft, Ledger } from '../../temporaries/ledger.ts';
import { TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
import type { Answer } from './hand.ts';

/**
 * A shell function over the client, for what `RESTORE.md` makes: each request also writes the record of a temporary,
 * which we give out as it is needed, so that nothing is ever there without one. It adds options, and takes none away.
 *
 * A volume without a name gets one: Cinder would replace its description, and the record in it.
 */
const CLIENT = `openstack() {
  local id record made
  case "$1 \${2-}" in
    'volume create' | 'image create' | 'secret store' | 'volume set')
      printf '%s\\n' "$1 $2" >&3
      IFS=' ' read -r id record <&3 || return
      ;;
  esac
  case "$1 \${2-}" in
    'volume create')
      made=$(command openstack "$@" --description="$record" \${NAMELESS:+"$NAMELESS"}) || return
      ;;
    'image create')
      made=$(command openstack "$@" --id="$id" --property=${TEMPORARY_PROPERTY}="$record") || return
      ;;
    'secret store')
      made=$(command openstack "$@" --name="$record") || return
      ;;
    'volume set')
      command openstack "$@" --description="$record"
      return
      ;;
    *)
      command openstack "$@"
      return
      ;;
  esac
  printf '%s\\n' "made $1 \${made##*[/[:space:]]}" >&3
  read -r id <&3 || return
  printf '%s\\n' "$made"
}`;

/** The kinds of things that commands make. */
export type MadeKind = 'volume' | 'image' | 'secret';

/** What commands made, and were about to make. */
export interface Made {
  /** The tags of all records that were given out. */
  readonly tags: readonly string[];
  /** Whether anything of a kind may be there. */
  has(kind: MadeKind): boolean;
  /** Whether the cloud answered a request with this id. */
  isMade(kind: MadeKind, id: string): boolean;
}

/** The commands that define the client. */
export function recordingClient(name: string): readonly string[] {
  return [...(name === '' ? ["NAMELESS='drill'"] : []), CLIENT];
}

/**
 * Gives out records, and writes the ids of what was made into them.
 *
 * @param gigabytes of data that the commands move
 * @param onMade called as soon as a thing bears its record
 */
export function recording(
  ledger: Ledger,
  gigabytes: number,
  onMade: (kind: MadeKind, id: string) => void,
): { readonly answer: Answer; readonly made: Made } {
  const drafts: { readonly kind: MadeKind; readonly draft: Draft; id?: string }[] = [];
  const last = (kind: MadeKind) => drafts.findLast((one) => one.kind === kind);
  const begin = (kind: MadeKind): string => {
    const draft = ledger.draft('scratch', gigabytes);
    // Only Glance takes an id that we choose.
    if (kind !== 'image') {
      drafts.push({ kind, draft });
      return `- ${ledger.unbound(draft)}`;
    }
    const id = randomUUID();
    drafts.push({ kind, draft, id });
    return `${id} ${ledger.bound(draft, kind, id)}`;
  };
  const end = async (kind: MadeKind, id: string): Promise<void> => {
    const one = last(kind);
    if (one === undefined) return;
    if (one.id !== id) {
      one.id = id;
      await ledger.bind(one.draft, kind, id);
    }
    onMade(kind, id);
  };
  return {
    async answer(line) {
      const [, made, id = ''] = /^made (volume|image|secret) ([\w-]+)$/.exec(line) ?? [];
      if (made !== undefined) {
        await end(made as MadeKind, id);
        return 'recorded';
      }
      const [, asked] = /^(volume|image|secret) (?:create|store)$/.exec(line) ?? [];
      if (asked !== undefined) return begin(asked as MadeKind);
      const volume = line === 'volume set' ? last('volume') : undefined;
      if (volume?.id !== undefined) return `- ${ledger.bound(volume.draft, 'volume', volume.id)}`;
      throw new OperationError(`the client answered what is not understood: ${line}`);
    },
    made: {
      get tags() {
        return drafts.map(({ draft }) => draft.tag);
      },
      has: (kind) => drafts.some((one) => one.kind === kind),
      isMade: (kind, id) => drafts.some((one) => one.kind === kind && one.id === id),
    },
  };
}
