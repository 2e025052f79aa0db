/**
 * Where words of the user's travel to: names, descriptions, metadata and image properties, through every copy that a
 * service makes. A record of ours goes the same way, so what is copied, dropped, cut or written anew must be known.
 */
import { C, first, isObj, make, type Obj, type Side, view } from './side.ts';

const ROW = [
  'name',
  'description',
  'metadata',
  'volume_image_metadata',
  'bootable',
  'encrypted',
  'status',
  'size',
];
const PATCH = { 'Content-Type': 'application/openstack-images-v2.1-json-patch' };

/** Of a guest that starts at once and stops when asked to. */
async function guest(side: Side): Promise<Buffer> {
  const { body } = await side.send('image', 'GET', '/v2/images?name=tiny');
  const [tiny] = isObj(body) && Array.isArray(body['images']) ? body['images'].filter(isObj) : [];
  return side.bytes('image', `/v2/images/${String(tiny?.['id'])}/file`);
}

export async function imageWith(side: Side, name: string, properties: Obj): Promise<string> {
  const { body } = await side.send('image', 'POST', '/v2/images', {
    name,
    disk_format: 'raw',
    container_format: 'bare',
    ...properties,
  });
  const id = isObj(body) ? String(body['id']) : '';
  await side.send('image', 'PUT', `/v2/images/${id}/file`, await guest(side), {
    'Content-Type': 'application/octet-stream',
  });
  return id;
}

export const PROPERTIES: Obj = {
  record: 'a record of ours',
  gone: 'removed before the image is made',
  long: 'v'.repeat(300),
  wide: 'ü'.repeat(200),
  min_disk: 1,
  min_ram: 32,
  os_hash_x: '1',
  os_distro: 'none',
  img_signature_foo: 'a',
  cinder_img_volume_type: 'standard',
  image_location: 'x',
  image_type: 't',
  user_id: 'me',
  owner_id: 'o',
  instance_uuid: 'zz',
  cache_in_nova: 'True',
  tags: ['t1'],
};

export async function patchImage(side: Side, id: string): Promise<void> {
  const changes = [
    { op: 'replace', path: '/record', value: 'another' },
    { op: 'add', path: '/added', value: 'later' },
    { op: 'remove', path: '/gone' },
  ];
  await side.ask('image', 'PATCH', `/v2/images/${id}`, Buffer.from(JSON.stringify(changes)), PATCH);
}

/** Through Cinder: snapshot, clone, backup, upload, and back. */
export async function volumeJourneys(side: Side): Promise<void> {
  const image = await imageWith(side, 'cmp journey', PROPERTIES);
  const made: string[] = [];
  const volume = async (name: string, fields: Obj): Promise<string> => {
    const id = await make(side, C, '/volumes', { volume: { name, ...fields } });
    made.push(`/volumes/${id}`);
    await side.settle(C, `/volumes/${id}`);
    await view(side, name, C, `/volumes/${id}`, ROW);
    return id;
  };
  const source = await volume('cmp source', {
    size: 1,
    imageRef: image,
    description: 'said of the source',
    metadata: { record: 'a record of ours', a: 'b' },
  });
  await patchImage(side, image);
  await side.ask(C, 'POST', `/volumes/${source}/action`, {
    'os-set_image_metadata': { metadata: { later: 'yes', record: 'changed' } },
  });
  const snapshot = await make(side, C, '/snapshots', {
    snapshot: { volume_id: source, name: 'cmp snapshot', description: 'of it', metadata: { s: 't' } },
  });
  await side.settle(C, `/snapshots/${snapshot}`);
  const backup = await make(side, C, '/backups', {
    backup: { volume_id: source, name: 'cmp backup', description: 'in it', metadata: { k: 'v' } },
  });
  await side.settle(C, `/backups/${backup}`);
  await side.ask(C, 'POST', `/volumes/${source}/metadata`, { metadata: { after: 'the backup' } });
  const up = await side.ask(C, 'POST', `/volumes/${source}/action`, {
    'os-volume_upload_image': { image_name: 'cmp up' },
  });
  await side.settle(C, `/volumes/${source}`);
  const uploaded = String(first(up)['image_id']);
  await side.settle('image', `/v2/images/${uploaded}`);
  await side.ask('image', 'GET', `/v2/images/${uploaded}`);
  await volume('cmp of snapshot', { snapshot_id: snapshot });
  await volume('cmp clone', { source_volid: source, metadata: { own: '1' } });
  await volume('cmp of upload', { imageRef: uploaded, size: 1 });
  await volume('cmp of backup', { backup_id: backup, description: 'its own', metadata: { own: '1' } });
  const nameless = await volume('', { size: 1, metadata: { mine: 'lost?' } });
  await side.ask(C, 'POST', `/backups/${backup}/restore`, { restore: { volume_id: nameless } });
  await side.settle(C, `/volumes/${nameless}`);
  await view(side, 'restored over', C, `/volumes/${nameless}`, ROW);
  await side.ask(C, 'GET', `/backups/${backup}`);
  for (const id of [image, uploaded]) await side.send('image', 'DELETE', `/v2/images/${id}`);
  await remove(side, [`/backups/${backup}`, `/snapshots/${snapshot}`, ...made]);
}

export async function remove(side: Side, paths: readonly string[]): Promise<void> {
  for (const path of paths) await side.send(C, 'DELETE', path);
  for (const path of paths) await side.settle(C, path);
}
