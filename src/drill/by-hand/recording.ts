import { randomUUID } from 'node:crypto';
import { OperationError } from '../../errors.ts';
import type { Draft, Ledger } from '../../temporaries/ledger.ts';
import { TEMPORARY_METADATA, TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
import type { Answer } from './hand.ts';

/** What stands before a name, so that nobody takes what a drill made for what it is a copy of. */
const PREFIX = 'drill of ';
/** `--name=` and 255 characters, less the prefix: a longer name stays as it is. */
const LONGEST_NAME = 7 + 255 - PREFIX.length;

/**
 * Shell functions over the client and the key manager, for what `RESTORE.md` makes: each request also writes the record
 * of a temporary, which we give out as it is needed, so that nothing is ever there without one. Besides, nobody else is
 * to meet what is made: it has a name of its own, and an image is neither shared, published, hidden nor protected.
 *
 * A volume without a name gets one: Cinder would replace its description, and the record in it. Of two equal keys in
 * JSON, the last one counts.
 */
const CLIENT = `openstack() {
  local id record made word words=()
  case "$1 \${2-}" in
    'volume create' | 'image create' | 'secret store' | 'volume set' | 'image set')
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
    'volume set' | 'image set')
      for word in "$@"; do
        case $word in
          --name=*) (( \${#word} > ${LONGEST_NAME} )) || word="--name=${PREFIX}\${word#--name=}" ;;
          --public | --community | --shared) word=--private ;;
          --protected) word=--unprotected ;;
          --hidden) continue ;;
        esac
        words+=("$word")
      done
      if [ "$1" = volume ]; then
        word=--description=$record
      else
        word=--property=${TEMPORARY_PROPERTY}=$record
      fi
      command openstack "\${words[@]}" "$word"
      return
      ;;
    'image add')
      return
      ;;
    'volume show' | 'image show')
      made=$(command openstack "$@") || return
      printf '%s\\n' "\${made#${PREFIX}}"
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
}
if declare -f barbican > /dev/null; then
  eval "bare_$(declare -f barbican)"
  barbican() {
    local id record made last words=("$@")
    for last in "$@"; do :; done
    case "$1" in
      secrets)
        printf 'secret store\\n' >&3
        IFS=' ' read -r id record <&3 || return
        words[$#-1]="\${last%\\}},\\"name\\":\\"$record\\"}"
        made=$(bare_barbican "\${words[@]}") || return
        id=\${made##*/}
        printf '%s\\n' "made secret \${id%%\\"*}" >&3
        read -r id <&3 || return
        printf '%s\\n' "$made"
        ;;
      secrets/*/metadata)
        printf 'secret set\\n' >&3
        IFS=' ' read -r id record <&3 || return
        words[$#-1]="\${last%\\}\\}},\\"${TEMPORARY_METADATA}\\":\\"$record\\"}}"
        bare_barbican "\${words[@]}"
        ;;
      *)
        bare_barbican "$@"
        ;;
    esac
  }
fi`;

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

/**
 * The commands that define the client.
 *
 * @param name of a volume that is restored; undefined: none is
 */
export function recordingClient(name: string | undefined): readonly string[] {
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
      const [, changed] = /^(volume|image|secret) set$/.exec(line) ?? [];
      const known = changed === undefined ? undefined : last(changed as MadeKind);
      if (known?.id !== undefined) return `- ${ledger.bound(known.draft, known.kind, known.id)}`;
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
