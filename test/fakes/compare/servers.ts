import { setTimeout as sleep } from 'node:timers/promises';
import { C, first, isObj, make, N, type Obj, type Side, view } from './side.ts';

export async function servers(side: Side): Promise<void> {
  const root = await make(side, C, '/volumes', { volume: { size: 1, name: 'cmp root' } });
  const data = await make(side, C, '/volumes', {
    volume: { size: 1, name: 'cmp data', volume_type: 'luks' },
  });
  await side.settle(C, `/volumes/${root}`);
  await side.settle(C, `/volumes/${data}`);
  await side.send(C, 'POST', `/volumes/${root}/action`, { 'os-set_bootable': { bootable: true } });
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: data, name: 'before' } });
  const server = await bootServer(side, {
    name: 'cmp',
    metadata: { a: 'b' },
    block_device_mapping_v2: [
      {
        boot_index: 0,
        uuid: root,
        source_type: 'volume',
        destination_type: 'volume',
        delete_on_termination: false,
      },
    ],
  });
  const path = `/servers/${server}`;
  const keys = [
    'name',
    'status',
    'image',
    'metadata',
    'OS-EXT-STS:task_state',
    'OS-EXT-STS:vm_state',
    'config_drive',
    'tags',
    'os-extended-volumes:volumes_attached',
  ];
  await view(side, 'server 2.1', 'compute', path, keys);
  await view(side, 'server 2.104', N, path, keys);
  await side.ask('compute', 'GET', `${path}/os-volume_attachments`);
  await side.settle(C, `/volumes/${data}`);
  await side.ask(N, 'POST', `${path}/os-volume_attachments`, { volumeAttachment: { volumeId: data } });
  await side.until(C, `/volumes/${data}`, 'in-use');
  await side.ask(C, 'GET', `/volumes/${data}`);
  await side.ask(N, 'GET', `${path}/os-volume_attachments`);
  await side.ask(N, 'GET', `${path}/os-volume_attachments/${data}`);
  await side.ask(N, 'POST', `${path}/os-volume_attachments`, { volumeAttachment: { volumeId: data } });
  await side.ask(N, 'POST', `${path}/os-volume_attachments`, {
    volumeAttachment: { volumeId: '11111111-1111-4111-8111-111111111111' },
  });
  await side.ask(N, 'DELETE', `${path}/os-volume_attachments/${root}`);
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: data } });
  await side.ask('volumev3', 'POST', '/snapshots', { snapshot: { volume_id: data } });
  // Of the plain volume: a refused upload of an encrypted one leaks a secret.
  await side.ask(C, 'POST', `/volumes/${root}/action`, {
    'os-volume_upload_image': { image_name: 'x', force: true },
  });
  await side.ask(C, 'DELETE', `/volumes/${data}`);
  const increment = await make(side, C, '/backups', {
    backup: { volume_id: data, name: 'forced', force: true, incremental: true },
  });
  await side.ask(C, 'GET', `/volumes/${data}`);
  await side.ask(N, 'DELETE', `${path}/os-volume_attachments/${data}`);
  await temporaryVolume(side, data);
  await side.settle(C, `/backups/${increment}`);
  await side.ask(C, 'GET', `/backups/${increment}`);
  await view(side, 'volume after backup', C, `/volumes/${data}`, ['status']);
  const clone = await make(side, C, '/volumes', { volume: { source_volid: data, name: 'cmp clone' } });
  await side.settle(C, `/volumes/${clone}`);
  await side.ask(C, 'GET', `/volumes/${clone}`);
  const image = String(
    (await side.ask(N, 'POST', `${path}/action`, { createImage: { name: 'cmp img', metadata: { m: 'n' } } }))[
      'image_id'
    ],
  );
  await side.settle(N, path);
  await side.settle('image', `/v2/images/${image}`);
  await view(side, 'image of volumes', 'image', `/v2/images/${image}`, [
    'name',
    'status',
    'size',
    'disk_format',
    'container_format',
    'min_disk',
    'checksum',
    'visibility',
    'm',
    'bdm_v2',
    'root_device_name',
    'base_image_ref',
    'stores',
    'virtual_size',
  ]);
  const { body } = await side.send('image', 'GET', `/v2/images/${image}`);
  const mapping = isObj(body) ? String(body['block_device_mapping']) : '[]';
  side.note(
    'block_device_mapping',
    200,
    (JSON.parse(mapping) as Obj[]).map((each) => Object.fromEntries(Object.entries(each).sort())),
  );
  await side.ask(N, 'GET', `${path}/os-instance-actions/req-zz`);
  for (const each of JSON.parse(mapping) as Obj[]) {
    await side.until(C, `/snapshots/${String(each['snapshot_id'])}`, 'available');
  }
  const old = await side.send('compute', 'POST', `${path}/action`, { createImage: { name: 'cmp img2' } });
  side.note('createImage 2.1', old.status, [
    old.body,
    /\/images\/[0-9a-f-]{36}$/.test(old.headers.get('location') ?? ''),
  ]);
  const fromNova = await make(side, C, '/volumes', {
    volume: { size: 1, imageRef: image, name: 'cmp from nova' },
  });
  await side.settle(C, `/volumes/${fromNova}`);
  await side.ask(C, 'GET', `/volumes/${fromNova}`);
  await side.ask(N, 'POST', `${path}/action`, { bogus: null });
  await side.send(N, 'DELETE', path);
  await side.settle(N, path);
  await side.settle(C, `/volumes/${data}`);
  await view(side, 'volume after the server', C, `/volumes/${data}`, ['status', 'attachments']);
  await sweep(side);
}

export async function bootServer(side: Side, fields: Obj): Promise<string> {
  const { body } = await side.send('compute', 'GET', '/flavors');
  const flavors = isObj(body) ? body['flavors'] : undefined;
  const tiny = Array.isArray(flavors)
    ? flavors.find((each) => isObj(each) && each['name'] === 'tiny')
    : undefined;
  const sent = await side.send(N, 'POST', '/servers', {
    server: { flavorRef: isObj(tiny) ? (tiny['id'] ?? null) : null, networks: 'none', ...fields },
  });
  const id = String(first(sent.body)['id']);
  await side.settle(N, `/servers/${id}`);
  return id;
}

/** The clone from which Cinder backs up a volume in use stands in the user's list meanwhile. */
async function temporaryVolume(side: Side, source: string): Promise<void> {
  for (let count = 0; count < 200; count += 1) {
    const { body } = await side.send(
      C,
      'GET',
      `/volumes/detail?consumes_quota=false&name=backup-vol-${source}`,
    );
    const rows = isObj(body) && Array.isArray(body['volumes']) ? body['volumes'].filter(isObj) : [];
    const [found] = rows.filter(({ status }) => status === 'backing-up');
    if (found !== undefined) {
      const {
        created_at: _created,
        updated_at: _updated,
        links: _links,
        id: _id,
        attachments: _attachments,
        ...rest
      } = found;
      side.note('temporary volume', 200, rest);
      return;
    }
    await sleep(side.isReal ? 150 : 3);
  }
  side.note('temporary volume', 404, null);
}

/** Takes away all that this script may have made, by name. */
async function sweep(side: Side): Promise<void> {
  const list = async (service: string, path: string): Promise<Obj[]> => {
    const { body } = await side.send(service, 'GET', path);
    const rows = isObj(body) ? Object.values(body)[0] : [];
    return Array.isArray(rows) ? rows.filter(isObj) : [];
  };
  for (const { id, name } of await list('image', '/v2/images?limit=100')) {
    if (String(name).startsWith('cmp')) await side.send('image', 'DELETE', `/v2/images/${String(id)}`);
  }
  for (let round = 0; round < 30; round += 1) {
    const volumes = (await list(C, '/volumes/detail')).filter(({ name }) => String(name).startsWith('cmp'));
    const ids = volumes.map(({ id }) => String(id));
    const backups = (await list(C, '/backups/detail')).filter(({ volume_id: id }) =>
      ids.includes(String(id)),
    );
    if (volumes.length + backups.length === 0) return;
    for (const { id } of backups) await side.send(C, 'DELETE', `/backups/${String(id)}`);
    if (backups.length === 0)
      for (const id of ids) await side.send(C, 'DELETE', `/volumes/${id}?cascade=true`);
    await sleep(side.isReal ? 2000 : 50);
  }
}
