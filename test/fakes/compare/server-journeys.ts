/** What becomes of an image's properties in a server, and in each image that is made of it: createImage, shelve, rebuild. */
import { setTimeout as sleep } from 'node:timers/promises';
import { imageWith, PROPERTIES, patchImage, remove } from './journeys.ts';
import { serverLimits } from './limits.ts';
import { bootServer } from './servers.ts';
import { C, first, isObj, make, N, type Obj, type Side, view } from './side.ts';

const SHOWN = [
  'name',
  'status',
  'image',
  'metadata',
  'OS-EXT-STS:task_state',
  'OS-EXT-STS:vm_state',
  'OS-EXT-STS:power_state',
  'OS-EXT-AZ:availability_zone',
];
/** The size of a disk's image is the node's affair. */
const MEASURES = [
  'size',
  'virtual_size',
  'checksum',
  'os_hash_value',
  'disk_format',
  'created_at',
  'updated_at',
];

async function imagesOf(side: Side): Promise<Obj[]> {
  const { body } = await side.send('image', 'GET', '/v2/images?limit=100&sort=name:asc');
  const rows = isObj(body) && Array.isArray(body['images']) ? body['images'].filter(isObj) : [];
  return rows.filter(({ name }) => String(name).startsWith('cmp'));
}

async function names(side: Side): Promise<void> {
  side.note(
    'images',
    200,
    (await imagesOf(side)).map(({ name, status }) => [name ?? null, status ?? null]),
  );
}

async function showImage(side: Side, label: string, id: string): Promise<void> {
  const { body, status } = await side.send('image', 'GET', `/v2/images/${id}`);
  const shown = Object.entries(isObj(body) ? body : {}).filter(
    ([key]) => !MEASURES.includes(key) && key !== 'block_device_mapping',
  );
  side.note(label, status, Object.fromEntries(shown));
}

/** Nova calls a server offloaded first, and takes its host and its zone away a moment later: `_nil_out_instance_obj_host_and_node`. */
function isOff(server: Obj): boolean {
  return server['status'] !== 'SHELVED_OFFLOADED' || (server['OS-EXT-AZ:availability_zone'] ?? '') === '';
}

async function reach(side: Side, path: string, status: string): Promise<void> {
  for (let count = 0; count < 240; count += 1) {
    const server = first((await side.send(N, 'GET', path)).body);
    if (server['status'] === status && (server['OS-EXT-STS:task_state'] ?? null) === null && isOff(server))
      break;
    await sleep(side.isReal ? 500 : 3);
  }
  await view(side, `server ${status}`, N, path, SHOWN);
}

async function act(side: Side, path: string, action: string, body: Obj | null = null): Promise<Obj> {
  return side.ask(N, 'POST', `${path}/action`, { [action]: body });
}

async function imaged(side: Side, path: string, name: string, metadata: Obj = {}): Promise<void> {
  const { image_id: id } = await act(side, path, 'createImage', { name, metadata });
  await side.settle(N, path);
  await side.settle('image', `/v2/images/${String(id)}`);
  await showImage(side, name, String(id));
}

async function ofImage(side: Side, base: string, other: string): Promise<void> {
  const path = `/servers/${await bootServer(side, { name: 'cmp s', imageRef: base, metadata: { a: 'b' } })}`;
  await view(side, 'server of an image', N, path, SHOWN);
  await patchImage(side, base);
  await imaged(side, path, 'cmp i1', { m: 'n', os_distro: 'mine' });
  await act(side, path, 'shelveOffload');
  await act(side, path, 'unshelve');
  await act(side, path, 'unrescue');
  await act(side, path, 'shelve');
  await reach(side, path, 'SHELVED_OFFLOADED');
  await names(side);
  const shelved = (await imagesOf(side)).find(({ name }) => name === 'cmp s-shelved');
  await showImage(side, 'shelved image', String(shelved?.['id']));
  for (const action of ['shelve', 'shelveOffload', 'os-start', 'rescue']) await act(side, path, action);
  await act(side, path, 'createImage', { name: 'cmp no' });
  await act(side, path, 'unshelve');
  await reach(side, path, 'ACTIVE');
  await names(side);
  await imaged(side, path, 'cmp i2');
  await act(side, path, 'rebuild', { imageRef: 'zz' });
  await act(side, path, 'rebuild', { imageRef: '11111111-1111-4111-8111-111111111111' });
  await side.send(N, 'POST', `${path}/action`, {
    rebuild: { imageRef: other, name: 'cmp t', metadata: { c: 'd' } },
  });
  await reach(side, path, 'ACTIVE');
  await imaged(side, path, 'cmp i3');
  await serverLimits(side, path);
  await side.ask('image', 'DELETE', `/v2/images/${other}`);
  await side.send(N, 'DELETE', path);
  await side.settle(N, path);
}

const DISK = { source_type: 'volume', destination_type: 'volume', delete_on_termination: false };

async function ofVolumes(side: Side, base: string, other: string): Promise<void> {
  const root = await make(side, C, '/volumes', {
    volume: { size: 1, imageRef: base, name: 'cmp root', description: 'said of the root' },
  });
  const data = await make(side, C, '/volumes', {
    volume: { size: 1, name: 'cmp data', volume_type: 'luks' },
  });
  for (const id of [root, data]) await side.settle(C, `/volumes/${id}`);
  const server = await bootServer(side, {
    name: 'cmp v',
    block_device_mapping_v2: [
      { boot_index: 0, uuid: root, ...DISK },
      { boot_index: -1, uuid: data, ...DISK },
    ],
  });
  const path = `/servers/${server}`;
  const volumes = async (label: string): Promise<void> => {
    for (const id of [root, data])
      await view(side, label, C, `/volumes/${id}`, ['name', 'status', 'volume_image_metadata', 'metadata']);
  };
  await side.ask(C, 'POST', `/volumes/${root}/action`, {
    'os-set_image_metadata': { metadata: { later: 'yes', record: 'changed' } },
  });
  await imaged(side, path, 'cmp v1', { m: 'n' });
  await snapshots(side);
  await act(side, path, 'shelve');
  await reach(side, path, 'SHELVED_OFFLOADED');
  await volumes('of a shelved server');
  await side.ask(N, 'GET', `${path}/os-volume_attachments`);
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: data, force: true } });
  await side.ask(C, 'POST', '/snapshots', { snapshot: { volume_id: data } });
  await side.ask(C, 'DELETE', `/volumes/${data}`);
  await act(side, path, 'createImage', { name: 'cmp no' });
  await names(side);
  await act(side, path, 'unshelve');
  await reach(side, path, 'ACTIVE');
  await volumes('of a server that is back');
  await side.ask('compute 2.92', 'POST', `${path}/action`, { rebuild: { imageRef: other } });
  await side.send(N, 'POST', `${path}/action`, { rebuild: { imageRef: other } });
  await reach(side, path, 'ACTIVE');
  await volumes('of a server that was rebuilt');
  await imaged(side, path, 'cmp v2');
  await side.send(N, 'DELETE', path);
  await side.settle(N, path);
  await remove(side, await snapshotPaths(side));
  for (const id of [root, data]) await side.settle(C, `/volumes/${id}`);
  await remove(side, [`/volumes/${root}`, `/volumes/${data}`]);
}

/** Nova names them and gives them their volume's description. */
async function snapshots(side: Side): Promise<void> {
  const { body } = await side.send(C, 'GET', '/snapshots/detail?sort=created_at:asc');
  const rows = isObj(body) && Array.isArray(body['snapshots']) ? body['snapshots'].filter(isObj) : [];
  const ours = rows.filter(({ name }) => String(name).startsWith('snapshot for cmp'));
  const told = ours.map(({ name, description, metadata }) => [
    name ?? null,
    description ?? null,
    metadata ?? null,
  ]);
  side.note(
    'snapshots',
    200,
    told.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  );
  for (const { id } of ours) await side.settle(C, `/snapshots/${String(id)}`);
}

async function snapshotPaths(side: Side): Promise<string[]> {
  const { body } = await side.send(C, 'GET', '/snapshots');
  const rows = isObj(body) && Array.isArray(body['snapshots']) ? body['snapshots'].filter(isObj) : [];
  const ours = rows.filter(({ name }) => String(name).startsWith('snapshot for cmp'));
  return ours.map(({ id }) => `/snapshots/${String(id)}`);
}

async function tooLarge(side: Side): Promise<void> {
  const flavors = (await side.send(N, 'GET', '/flavors')).body;
  const rows = isObj(flavors) && Array.isArray(flavors['flavors']) ? flavors['flavors'].filter(isObj) : [];
  const flavorRef = rows.find(({ name }) => name === 'tiny')?.['id'] ?? null;
  for (const needs of [{ min_ram: 9999 }, { min_disk: 50 }]) {
    const imageRef = await imageWith(side, 'cmp large', needs);
    const { status, body } = await side.send(N, 'POST', '/servers', {
      server: { name: 'cmp no', networks: 'none', flavorRef, imageRef },
    });
    side.note('server of a large image', status, body);
    await side.send('image', 'DELETE', `/v2/images/${imageRef}`);
  }
}

export async function serverJourneys(side: Side): Promise<void> {
  const base = await imageWith(side, 'cmp base', PROPERTIES);
  await tooLarge(side);
  const others = [
    await imageWith(side, 'cmp other', { z: '1' }),
    await imageWith(side, 'cmp third', { y: '1' }),
  ];
  await ofImage(side, base, others[0] ?? '');
  await ofVolumes(side, base, others[1] ?? '');
  for (const { id } of await imagesOf(side)) await side.send('image', 'DELETE', `/v2/images/${String(id)}`);
}
