import type { Manifest, Payload } from '../manifest/schema.ts';
import { forMarkdown, forShell } from '../text/escape.ts';
import { READ_STORE } from './read-store.ts';
import { fence } from './shell.ts';
import { keyInCloud } from './unlock.ts';

/** What comes before the sections: where things are, what is needed, and the functions that the blocks use. */
export function prepare(manifest: Manifest): string[] {
  const store = storeOf(manifest);
  const secrets = manifest.restorePoints.some(
    (point) => point.resource.kind === 'secret' || keyInCloud(point) !== undefined,
  );
  const tools = store.flatMap(({ tools: own }) => own);
  return [
    HOW,
    CLIENTS,
    fence([
      ...store.map(({ variable, value }) => preset(variable, value)),
      `export ${preset('OS_REGION_NAME', manifest.cloud.region)}`,
    ]),
    store.map(({ variable, means }) => `\`${variable}\`: ${means}.`).join(' '),
    fence([
      'set -euo pipefail',
      ...(tools.length === 0 ? [] : [`hash ${tools.join(' ')}`]),
      ...store.map(({ look }) => look),
      FUNCTIONS,
      ...store.flatMap(({ functions = [] }) => functions),
    ]),
    ...(store.length === 0 ? [] : [WITHOUT_CLOUD]),
    fence([
      `hash ${['openstack', ...(secrets ? ['curl', 'od'] : [])].join(' ')}`,
      ...(secrets ? [KEY_MANAGER] : []),
    ]),
  ].filter((part) => part !== '');
}

/** A variable that the blocks use. */
interface Preset {
  readonly variable: string;
  readonly value: string;
  /** In words. */
  readonly means: string;
  /** Programs that it is for. */
  readonly tools: readonly string[];
  /** The command that shows that it is there. */
  readonly look: string;
  readonly functions?: readonly string[];
}

/** What a manifest with payloads needs, in the order of the blocks. */
function storeOf(manifest: Manifest): Preset[] {
  const payloads = manifest.restorePoints.flatMap((point): Payload[] =>
    'payload' in point && point.payload !== null ? [point.payload] : [],
  );
  if (payloads.length === 0) return [];
  const place =
    payloads.find((payload) => payload.place !== undefined)?.place ?? 'openstack-backups/payloads';
  const remote = /^(s3|swift):/.test(place);
  const store: Preset = {
    variable: 'STORE',
    value: remote ? 'store' : place,
    means: remote
      ? `a directory with a copy of ${forMarkdown(place)}, made with any program, such as rclone`
      : 'the directory with the payloads, by the path it had when they were saved',
    tools: ['sha256sum'],
    look: 'ls -d "$STORE"',
  };
  const identity: Preset = {
    variable: 'IDENTITY',
    value: 'identity.txt',
    means: 'the file with the age identity that opens them',
    tools: ['age'],
    look: 'ls "$IDENTITY"',
  };
  return [store, ...(payloads.some(({ sealed }) => sealed) ? [identity] : []), workOf(payloads)];
}

function workOf(payloads: readonly Payload[]): Preset {
  const blocks = payloads.some(({ layout }) => layout === 'blocks');
  const packed = blocks || payloads.some(({ compression }) => compression === 'zstd');
  return {
    variable: 'WORK',
    value: '/var/tmp',
    means: blocks
      ? 'a directory with enough free space for the largest disk'
      : 'a directory with enough free space, only for unlocking outside OpenStack',
    tools: [...(packed ? ['zstd'] : []), ...(blocks ? ['python3'] : [])],
    look: 'ls -d "$WORK"',
    functions: blocks ? [READER] : [],
  };
}

const HOW =
  'Log in as for any `openstack` command, start a separate `bash`, and paste the blocks into it one after another. Keep to the order of the sections: what a section needs comes before it. Nothing that exists is changed. A check that fails prints STOP and ends that `bash`: go no further.';

const WITHOUT_CLOUD =
  'Without a cloud, go no further here: the first commands of a section compare what is in the store, and need nothing else.';

/** The newest client and the older ones that our tests run; a test compares these with what it has installed. */
const CLIENTS =
  'Tried with the `openstack` client 10.5.0, 6.6.1 and 6.2.1. `openstack --version` prints yours.';

function preset(variable: string, value: string): string {
  return `${variable}=\${${variable}:-${forShell(value)}}`;
}

const FUNCTIONS = `check() {
  [ "$1" = "$2" ] || { printf 'STOP: %s instead of %s\\n' "$1" "$2" >&2; return 1; }
}
until_is() {
  local state
  while state=$("\${@:2}") && [ "$state" != "$1" ]; do
    printf '%s\\n' "$state" >&2
    case $state in *[Ee][Rr][Rr][Oo][Rr]* | killed | deleted) break ;; esac
    sleep 2
  done
  check "$state" "$1"
}`;

/** Each disk is put together in a file of its own, and checked, before it is given on. */
const READER = `read -r -d '' READ_STORE <<'READER' || true
${READ_STORE}READER
read_store() {
  TMPDIR=$WORK python3 -c "$READ_STORE" "$STORE" "$1" --sha256 "$2" "\${@:3}"
}`;

/** The client can only write a key's bytes to a file, and lacks options for some of what Barbican stores. */
const KEY_MANAGER = `BARBICAN=$(openstack catalog show -f json -c endpoints key-manager | tr -d '\\n' | tr '{' '\\n' |
  sed -n '/"interface": "public"/{/"region_id": "'"$OS_REGION_NAME"'"/s/.*"url": "\\([^"]*\\)".*/\\1/p;}')
: "\${BARBICAN:?there is no key-manager in region $OS_REGION_NAME}"
BARBICAN=\${BARBICAN%/}
BARBICAN=\${BARBICAN%/v1}/v1
barbican() {
  curl --fail --silent --show-error --header @<(printf 'X-Auth-Token: %s\\n' "$TOKEN") "$BARBICAN/$1" "\${@:2}"
}`;
