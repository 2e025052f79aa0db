import { statfs } from 'node:fs/promises';
import { copyTo, type Pieces, piecesOf } from '../../../drill/by-hand/copies.ts';
import { type Hand, handIn } from '../../../drill/by-hand/hand.ts';
import { openRoom, type Room, roomy } from '../../../drill/by-hand/room.ts';
import { needPrograms, pathOf } from '../../../drill/by-hand/tools.ts';
import { InputError } from '../../../errors.ts';
import type { Payload } from '../../../manifest/schema.ts';
import { allowance } from '../../../openstack/blockstorage/v3/allowance.ts';
import type { CloudConfig } from '../../../openstack/config/cloud.ts';
import { openrcOf } from '../../../openstack/config/openrc.ts';
import type { Host } from '../../../ports/host.ts';
import type { Place } from '../../../store/place.ts';
import { bytes } from '../../../text/bytes.ts';
import { namedPlace } from '../../places/storing.ts';
import type { Drilling } from '../level.ts';

interface Wanted {
  /** Of data that the longest commands move: says how long they may take. */
  readonly gigabytes: number;
  /** Where they log in; undefined: nowhere. */
  readonly cloud: CloudConfig | undefined;
}

/** Does something by hand: in a private directory, and an environment that has nothing of ours. */
export type AtHand = <T>(wanted: Wanted, use: (hand: Hand) => Promise<T>) => Promise<T>;

/**
 * Looks whether there is all that it takes. Changes nothing.
 *
 * @param payloads that are opened
 * @throws InputError if a program is not installed, or there is not enough room
 */
export async function atHand(
  { context: { host, ...context }, given }: Drilling,
  payloads: readonly Payload[],
  programs: readonly string[],
): Promise<AtHand> {
  const path = pathOf(host.environment);
  await needPrograms(programs, path);
  const place = payloads.length === 0 ? undefined : await namedPlace({ ...context, host }, given);
  if (payloads.length > 0 && place === undefined)
    throw new InputError('no store given', 'Give the place of the data with `store`.');
  const pieces = place && (await piecesOf(place, payloads));
  const isFar = place?.name.includes('://') ?? false;
  if (pieces !== undefined) {
    const copied = isFar ? pieces.files.reduce((sum, { size }) => sum + size, 0) : 0;
    await needRoom(host, pieces.disk + copied);
  }
  return async ({ gigabytes, cloud }, use) => {
    const room = await openRoom(host.environment);
    try {
      const environment = {
        PATH: path,
        HOME: await room.folder('home'),
        LANG: 'C.UTF-8',
        TMPDIR: room.path,
        ...outside(host.environment),
        STORE: isFar || place === undefined ? await copied(room, place, pieces, host.signal) : place.name,
        IDENTITY: await room.file('identity', given.identity ?? ''),
        WORK: await room.folder('work'),
        ...(cloud && (await login(room, cloud))),
      };
      const { clock, log, signal } = host;
      const redact = (text: string) => host.secrets.redact(text);
      const withinMs = allowance(gigabytes);
      return await use(handIn({ room, environment, clock, log, redact, signal, withinMs }));
    } finally {
      await room.leave();
    }
  };
}

async function needRoom({ environment }: Host, need: number): Promise<void> {
  const directory = await roomy(environment);
  const { bavail, bsize } = await statfs(directory);
  if (bavail * bsize >= need) return;
  throw new InputError(
    `a drill by hand puts a disk together in a file: it takes ${bytes(need)}, and ${directory} has ${bytes(bavail * bsize)} free`,
    'Give another directory with the variable TMPDIR.',
  );
}

/** How to get out of here is no business of the person who restores. */
function outside(environment: Host['environment']): Record<string, string> {
  const names = /^(?:(?:https?|no|all)_proxy|ssl_cert_(?:file|dir)|(?:requests|curl)_ca_bundle)$/i;
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value && names.test(name) ? [[name, value]] : [],
    ),
  );
}

async function copied(
  room: Room,
  place: Place | undefined,
  pieces: Pieces | undefined,
  signal: AbortSignal,
): Promise<string> {
  const directory = await room.folder('store');
  if (place !== undefined && pieces !== undefined) await copyTo(directory, place, pieces, signal);
  return directory;
}

async function login(room: Room, cloud: CloudConfig): Promise<Record<string, string>> {
  const { cacert, cert, key } = cloud;
  const authorities = cacert && (await room.file('authorities.pem', cacert));
  return {
    ...openrcOf(cloud),
    ...(authorities && {
      OS_CACERT: authorities,
      CURL_CA_BUNDLE: authorities,
      REQUESTS_CA_BUNDLE: authorities,
    }),
    ...(cert && { OS_CERT: await room.file('cert.pem', cert) }),
    ...(key && { OS_KEY: await room.file('key.pem', key) }),
  };
}
