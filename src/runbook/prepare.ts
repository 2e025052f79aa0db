import type { Manifest, Payload } from '../manifest/schema.ts';
import { forShell } from '../text/escape.ts';
import { fence } from './shell.ts';
import { keyInCloud } from './unlock.ts';

/** What comes before the sections: where things are, what is needed, and the functions that the blocks use. */
export function prepare(manifest: Manifest): string[] {
  const payloads = manifest.restorePoints.flatMap((point): Payload[] =>
    'payload' in point && point.payload !== null ? [point.payload] : [],
  );
  const stored = payloads.length > 0;
  const sealed = payloads.some((payload) => payload.sealed);
  const packed = payloads.some(({ compression }) => compression === 'zstd');
  const secrets = manifest.restorePoints.some(
    (point) => point.resource.kind === 'secret' || keyInCloud(point) !== undefined,
  );
  const tools = [
    'openstack',
    ...(stored ? ['sha256sum'] : []),
    ...(sealed ? ['age'] : []),
    ...(packed ? ['zstd'] : []),
    ...(secrets ? ['curl', 'od'] : []),
  ];
  return [
    HOW,
    CLIENTS,
    fence([
      ...(stored
        ? [
            preset(
              'STORE',
              payloads.find(({ place }) => place !== undefined)?.place ?? 'openstack-backups/payloads',
            ),
          ]
        : []),
      ...(sealed ? [preset('IDENTITY', 'age-identity.txt')] : []),
      ...(stored ? [preset('WORK', '/var/tmp')] : []),
      `export ${preset('OS_REGION_NAME', manifest.cloud.region)}`,
    ]),
    [
      ...(stored
        ? ['`STORE`: the directory with the payloads, by the path it had when they were saved.']
        : []),
      ...(sealed ? ['`IDENTITY`: the file with the age identity that opens them.'] : []),
      ...(stored
        ? ['`WORK`: a directory with enough free space, only for unlocking outside OpenStack.']
        : []),
    ].join(' '),
    fence([
      'set -euo pipefail',
      `hash ${tools.join(' ')}`,
      ...(stored ? ['ls -d "$STORE" "$WORK"'] : []),
      ...(sealed ? ['ls "$IDENTITY"'] : []),
      FUNCTIONS,
      ...(secrets ? [KEY_MANAGER] : []),
    ]),
  ].filter((part) => part !== '');
}

const HOW =
  'Log in as for any `openstack` command, start a separate `bash`, and paste the blocks into it one after another. Keep to the order of the sections: what a section needs comes before it. Nothing that exists is changed. A check that fails prints STOP and ends that `bash`: go no further.';

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

/** The client can only write a key's bytes to a file, and lacks options for some of what Barbican stores. */
const KEY_MANAGER = `BARBICAN=$(openstack catalog show -f json -c endpoints key-manager | tr -d '\\n' | tr '{' '\\n' |
  sed -n '/"interface": "public"/{/"region_id": "'"$OS_REGION_NAME"'"/s/.*"url": "\\([^"]*\\)".*/\\1/p;}')
: "\${BARBICAN:?there is no key-manager in region $OS_REGION_NAME}"
BARBICAN=\${BARBICAN%/}
BARBICAN=\${BARBICAN%/v1}/v1
barbican() {
  curl --fail --silent --show-error --header @<(printf 'X-Auth-Token: %s\\n' "$TOKEN") "$BARBICAN/$1" "\${@:2}"
}`;
