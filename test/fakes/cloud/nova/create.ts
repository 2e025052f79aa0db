/** POST /servers: which disks, from where, and what is refused. Compared with a 2026.2 Nova. */
import { type Core, workTicks } from '../core.ts';
import { deviceBytes } from '../devices.ts';
import { mayRead } from '../glance/find.ts';
import { isObject, JobFailure, type Json, type JsonObject, type Reply } from '../http.ts';
import { pythonRepr } from '../python.ts';
import { attachVolume, nextDevice } from '../seed.ts';
import { type Image, type Server, type ServerGroup, uuid, type Volume } from '../state.ts';
import { beginAction, links, mustBeMember, type NovaCall, readBody, refuse, textOf } from './call.ts';
import { connect } from './luks.ts';
import { type Nic, nicsOf, plugIn, unplug } from './networks.ts';
import { addHardware, keptOfImage, keptOfVolume, ownersWords } from './system-metadata.ts';
import { checkText, invalid, metadataOf } from './words.ts';

const FIELDS = [
  'name',
  'flavorRef',
  'imageRef',
  'block_device_mapping_v2',
  'networks',
  'security_groups',
  'key_name',
  'metadata',
  'tags',
  'description',
  'hostname',
  'availability_zone',
  'config_drive',
  'user_data',
  'OS-DCF:diskConfig',
  'min_count',
  'max_count',
];

interface Disk {
  readonly volume: Volume | null;
  readonly bootIndex: number | null;
  readonly tag: string | null;
  readonly deleteOnTermination: boolean;
}

function checkWords(body: JsonObject): void {
  checkText('name', body['name'], 255);
  const { tags, hostname } = body;
  for (const [index, tag] of (Array.isArray(tags) ? tags : []).entries()) {
    checkText(String(index), tag, 60);
    if (/[,/]/.test(String(tag))) invalid(String(index), tag, `${pythonRepr(tag)} does not match '^[^,/]*$'`);
  }
  if (typeof hostname === 'string' && !/^[a-zA-Z0-9-._]*$/.test(hostname))
    invalid('hostname', hostname, `${pythonRepr(hostname)} does not match '^[a-zA-Z0-9-._]*$'`);
  metadataOf(body['metadata']);
}

export function imageOf(core: Core, call: NovaCall, ref: string | null): Image | null {
  if (ref === null || ref === '') return null;
  const image = core.state.images.get(ref);
  if (image === undefined || !mayRead(image, call.token)) throw refuse(400, 'Can not find requested image');
  if (image.status !== 'active') throw refuse(400, `Image ${ref} is not active.`);
  if (image.properties['cinder_encryption_key_id'] !== undefined) {
    throw refuse(400, 'Direct booting of an image uploaded from an encrypted volume is unsupported.');
  }
  return image;
}

function checkFlavor(core: Core, flavorId: string, image: Image): void {
  const flavor = core.state.flavors.get(flavorId);
  if (flavor === undefined) return;
  if (flavor.ram < image.minRam) throw refuse(400, "Flavor's memory is too small for requested image.");
  const [has, needs] = [flavor.disk, image.minDisk].map((gib) => gib * 1024 ** 3);
  // A flavor of no size takes the image's.
  if (flavor.disk > 0 && flavor.disk < image.minDisk)
    throw refuse(
      400,
      `Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is ${has} bytes, minimum size is ${needs} bytes.`,
    );
}

function disksOf(core: Core, call: NovaCall, mapping: Json | undefined): Disk[] {
  if (!Array.isArray(mapping)) return [];
  return mapping.filter(isObject).map((entry) => {
    const index = entry['boot_index'];
    return {
      volume: entry['source_type'] === 'volume' ? volumeOf(core, call, textOf(entry['uuid']) ?? '') : null,
      bootIndex: index === null || index === undefined ? null : Number(index),
      tag: textOf(entry['tag']),
      deleteOnTermination: entry['delete_on_termination'] === true,
    };
  });
}

function volumeOf(core: Core, call: NovaCall, id: string): Volume {
  const volume = core.state.volumes.get(id);
  if (volume === undefined || volume.projectId !== call.projectId)
    throw refuse(400, `Block Device Mapping is Invalid: failed to get volume ${id}.`);
  return volume;
}

/** The boot indexes must be 0, 1, 2 and so on; without a mapping the image is the one disk. */
function checkOrder(image: Image | null, disks: readonly Disk[]): void {
  if (disks.length === 0 && image !== null) return;
  if (disks.length === 0) throw refuse(400, 'Missing imageRef attribute');
  const root = disks.find(({ bootIndex }) => bootIndex === 0);
  if (root?.volume != null && !root.volume.bootable)
    throw refuse(400, `Block Device ${root.volume.id} is not bootable.`);
  const order = disks.map(({ bootIndex }) => bootIndex ?? -1).filter((index) => index >= 0);
  if (root === undefined || order.sort((a, b) => a - b).some((index, at) => index !== at))
    throw refuse(
      400,
      'Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.',
    );
}

/** One after the other, and what is reserved stays so when a later one is refused. */
function reserveVolumes(core: Core, call: NovaCall, serverId: string, disks: readonly Disk[]): void {
  for (const { volume } of disks) {
    if (volume === null) continue;
    if (volume.status !== 'available')
      throw refuse(
        400,
        `Invalid volume: Invalid input received: Invalid volume: Volume ${volume.id} status must be available or downloading to reserve, but the current status is ${volume.status}. (HTTP 400) (Request-ID: ${call.requestId})`,
      );
    volume.status = 'reserved';
    const id = uuid();
    core.state.reservations.set(id, { id, volumeId: volume.id, serverId });
  }
}

function groupOf(core: Core, call: NovaCall): ServerGroup | undefined {
  const whole: unknown = JSON.parse(call.raw.toString());
  const hints = isObject(whole) ? whole['os:scheduler_hints'] : undefined;
  const id = isObject(hints) ? textOf(hints['group']) : null;
  if (id === null) return undefined;
  const group = core.state.serverGroups.get(id);
  if (group === undefined || group.projectId !== call.projectId)
    throw refuse(400, `Instance group ${id} could not be found.`);
  return group;
}

function checkNames(core: Core, call: NovaCall, body: JsonObject): void {
  const key = textOf(body['key_name']);
  const known = core.state.keypairs.some((pair) => pair.name === key && pair.userId === call.token.user.id);
  if (key !== null && !known) throw refuse(400, 'Invalid key_name provided.');
  const zone = textOf(body['availability_zone']);
  if (zone !== null && zone !== 'nova') throw refuse(400, 'The requested availability zone is not available');
}

export function createServer(core: Core, call: NovaCall): Reply {
  const body = readBody(
    call.raw,
    'server',
    ['name', 'flavorRef', ...(call.minor >= 37 ? ['networks'] : [])],
    FIELDS,
  );
  checkWords(body);
  mustBeMember(call, 'os_compute_api:servers:create');
  const flavorId = String(body['flavorRef']).split('/').at(-1) ?? '';
  if (!core.state.flavors.has(flavorId)) throw refuse(400, `Flavor ${flavorId} could not be found.`);
  const image = imageOf(core, call, textOf(body['imageRef']));
  if (image !== null) checkFlavor(core, flavorId, image);
  const group = groupOf(core, call);
  checkNames(core, call, body);
  const disks = disksOf(core, call, body['block_device_mapping_v2']);
  checkOrder(image, disks);
  const nics = nicsOf(core, call, body);
  const server = newServer(core, call, body, flavorId, { image, disks });
  reserveVolumes(core, call, server.id, disks);
  core.state.servers.set(server.id, server);
  group?.members.push(server.id);
  call.created(server.id);
  build(core, call, server, { image, disks, nics });
  return {
    status: 202,
    headers: { Location: `${call.linkOrigin}/compute/v2.1/servers/${server.id}` },
    json: {
      server: {
        id: server.id,
        links: links(call, 'servers', server.id),
        'OS-DCF:diskConfig': 'MANUAL',
        security_groups: [{ name: 'default' }],
        adminPass: 'bzLwYhaM6wVm',
      },
    },
  };
}

function newServer(
  core: Core,
  call: NovaCall,
  body: JsonObject,
  flavorId: string,
  { image, disks }: Pick<Parts, 'image' | 'disks'>,
): Server {
  const now = core.clock.now();
  const name = String(body['name']);
  const { tags } = body;
  return {
    id: uuid(),
    projectId: call.projectId,
    userId: call.token.user.id,
    name,
    hostname:
      textOf(body['hostname']) ??
      name
        .replace(/[ _]/g, '-')
        .replace(/[^\w.-]/g, '')
        .toLowerCase(),
    status: 'BUILD',
    taskState: 'scheduling',
    imageId: image?.id ?? null,
    volumeBacked: false,
    flavorId,
    keyName: textOf(body['key_name']),
    metadata: metadataOf(body['metadata']),
    tags: Array.isArray(tags) ? [...new Set(tags.map(String))].sort() : [],
    description: textOf(body['description']),
    availabilityZone: textOf(body['availability_zone']) ?? 'nova',
    configDrive: body['config_drive'] === true,
    createdAt: now,
    launchedAt: null,
    updatedAt: now,
    volumes: [],
    actions: [],
    fault: null,
    root: null,
    ...keptOf(image, disks),
    systemMetadata: ownersWords(call.token),
    shelvedImageId: null,
  };
}

/** Of what it boots from; an image beside a boot volume does not count. */
function keptOf(image: Image | null, disks: readonly Disk[]): ReturnType<typeof keptOfImage> {
  const root = disks.find(({ bootIndex }) => bootIndex === 0)?.volume ?? null;
  if (image !== null) return keptOfImage(image);
  return root === null ? { imageProperties: {}, imageMinRam: 0 } : keptOfVolume(root);
}

interface Parts {
  readonly image: Image | null;
  readonly disks: readonly Disk[];
  readonly nics: readonly Nic[];
}

function build(core: Core, call: NovaCall, server: Server, { image, disks, nics }: Parts): void {
  const root = disks.find(({ bootIndex }) => bootIndex === 0);
  // Also where the request has an image too: the boot order decides.
  server.volumeBacked = root?.volume != null;
  const end = beginAction(core, call, server, 'create', 'compute__do_build_and_run_instance');
  const volumes = disks.flatMap(({ volume, ...rest }) => (volume === null ? [] : [{ volume, ...rest }]));
  call.job({
    ticks: workTicks(core, 1),
    begin: () => {
      server.taskState = 'spawning';
    },
    done: () => {
      connectAll(core, server, volumes);
      dropReservations(core, server);
      if (!server.volumeBacked && image !== null) server.root = rootDisk(core, server, image);
      addHardware(server);
      plugIn(core, server, nics);
      attachAll(core, server, volumes);
      server.status = 'ACTIVE';
      server.taskState = null;
      server.launchedAt = core.clock.now();
      server.updatedAt = server.launchedAt;
      end();
    },
    fail: (failure) => {
      server.status = 'ERROR';
      server.taskState = null;
      server.fault = { code: 500, message: failure.message, created: core.clock.now() };
      unplug(core, server);
      dropReservations(core, server);
      // Its mapping stays: who deletes the server deletes the volumes that go with it.
      attachAll(core, server, volumes);
      for (const { volume } of volumes) {
        volume.status = 'available';
        volume.attachments = [];
      }
      end(failure.message);
    },
  });
}

/** Of a disk that cannot be opened a user hears no more than this. */
function connectAll(core: Core, { id }: Server, volumes: readonly { volume: Volume }[]): void {
  try {
    for (const { volume } of volumes) connect(core, volume);
  } catch (error) {
    if (!(error instanceof JobFailure)) throw error;
    throw new JobFailure(
      `Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance ${id}.`,
    );
  }
}

function dropReservations(core: Core, { id }: Server): void {
  for (const reservation of core.state.reservations.values())
    if (reservation.serverId === id) core.state.reservations.delete(reservation.id);
}

/** The root disk has the first name, wherever it stands in the mapping; the list keeps the mapping's order. */
function attachAll(core: Core, server: Server, volumes: readonly (Disk & { volume: Volume })[]): void {
  const rootFirst = [...volumes].sort((a, b) => Number(b.bootIndex === 0) - Number(a.bootIndex === 0));
  for (const { volume, ...rest } of rootFirst) {
    attachVolume(core, server, volume, nextDevice(server));
    const attached = server.volumes.at(-1);
    if (attached !== undefined) Object.assign(attached, rest);
  }
  const place = (id: string) => volumes.findIndex(({ volume }) => volume.id === id);
  server.volumes.sort((a, b) => place(a.volumeId) - place(b.volumeId));
}

/** As large as the flavor says; 0 is as large as the image. */
export function rootDisk(core: Core, server: Server, image: Image): Server['root'] {
  const disk = image.data?.clone() ?? null;
  const gib = core.state.flavors.get(server.flavorId)?.disk ?? 0;
  disk?.resize(Math.max(disk.size, deviceBytes(core, gib, false)));
  return disk;
}
