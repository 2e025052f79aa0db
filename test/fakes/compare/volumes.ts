import { setTimeout as sleep } from 'node:timers/promises';
import { C, first, isObj, make, type Obj, type Side, view } from './side.ts';

export async function volumes(side: Side): Promise<void> {
  for (const path of await volumesAndBackups(side)) {
    for (let tries = 0; tries < 60; tries += 1) {
      const { status } = await side.send(C, 'DELETE', path);
      if (status === 202 || status === 404) break;
      await sleep(50 * tries);
    }
    await side.settle(C, path);
  }
}

async function volumesAndBackups(side: Side): Promise<string[]> {
  const made: string[] = [];
  const vp = await make(side, C, '/volumes', {
    volume: { size: 1, name: ' cmp plain ', metadata: { a: '1' } },
  });
  const vl = await make(side, 'volumev3', '/volumes', {
    volume: { size: 1, name: 'cmp luks', volume_type: 'luks' },
  });
  made.push(`/volumes/${vp}`, `/volumes/${vl}`);
  await side.settle(C, `/volumes/${vp}`);
  await side.settle(C, `/volumes/${vl}`);
  for (const version of ['3.71', '3.64', '3.63', '3.62', '3.47', '3.42', '3.0']) {
    await side.ask(`volumev3 ${version}`, 'GET', `/volumes/${vl}`);
  }
  await side.ask(C, 'GET', `/volumes/${vl}/encryption`);
  await side.ask(C, 'GET', `/volumes/${vp}/encryption`);
  await side.ask(C, 'GET', `/volumes/${vl}/encryption/cipher`);
  await side.ask(C, 'GET', `/volumes?name=cmp%20plain&limit=1`);
  await side.ask(C, 'GET', `/volumes/detail?metadata={'a':'1'}&name=cmp plain`);
  await side.ask(C, 'GET', `/volumes?name=cmp%20plain&with_count=true`);
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: vp, incremental: true } });
  const b1 = await make(side, C, '/backups', { backup: { volume_id: vp, name: 'b1', metadata: { x: 'y' } } });
  // The service and the driver write the request's metadata back as they begin; name and description stay.
  const early = { name: 'b1', description: 'said later', metadata: { set: 'too early' } };
  await side.ask(C, 'PUT', `/backups/${b1}`, { backup: early });
  // Its zone comes a moment later, when the backup service takes it up.
  await view(side, 'backup at first', C, `/backups/${b1}`, [
    'status',
    'size',
    'object_count',
    'container',
    'is_incremental',
  ]);
  await side.ask(C, 'GET', `/volumes/${vp}`);
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: vp } });
  await side.ask(C, 'DELETE', `/volumes/${vp}`);
  await side.ask(C, 'DELETE', `/backups/${b1}`);
  await side.ask(C, 'POST', '/snapshots', { snapshot: { volume_id: vp } });
  await side.ask(C, 'POST', `/volumes/${vp}/action`, { 'os-volume_upload_image': { image_name: 'no' } });
  await side.ask(C, 'POST', `/volumes/${vp}/action`, { 'os-extend': { new_size: 2 } });
  await side.settle(C, `/backups/${b1}`);
  await side.ask(C, 'GET', `/backups/${b1}`);
  await side.ask('volumev3 3.42', 'GET', `/backups/${b1}`);
  const b2 = await make(side, C, '/backups', { backup: { volume_id: vp, name: 'b2', incremental: true } });
  await driverBegins(side, b2);
  await side.ask(C, 'PUT', `/backups/${b2}`, { backup: { metadata: { set: 'in time' } } });
  await side.settle(C, `/backups/${b2}`);
  await side.ask(C, 'GET', `/backups/${b2}`);
  await side.ask(C, 'GET', `/backups/${b1}`);
  await side.ask(C, 'DELETE', `/backups/${b1}`);
  await side.ask(C, 'GET', `/backups?volume_id=${vp}&sort=name:asc`);
  await side.ask(C, 'GET', `/backups/detail?volume_id=${vp}&name=b1&limit=1`);
  await side.ask(C, 'PUT', `/backups/${b2}`, { backup: { name: 'renamed', metadata: { k: 'v' } } });
  await side.ask(C, 'PUT', `/backups/${b2}`, { backup: { bad: 'x' } });
  await side.ask(C, 'GET', `/backups/${b2}/export_record`);
  await side.ask(C, 'POST', `/backups/${b2}/action`, { 'os-reset_status': { status: 'error' } });
  const bl = await make(side, C, '/backups', { backup: { volume_id: vl, name: 'bl' } });
  await side.settle(C, `/backups/${bl}`);
  await side.ask(C, 'GET', `/backups/${bl}`);
  // An encrypted backup over a plain type: accepted, then error_restoring.
  await side.ask(C, 'POST', `/backups/${bl}/restore`, { restore: { volume_id: vp } });
  await side.ask(C, 'GET', `/backups/${bl}`);
  await side.settle(C, `/volumes/${vp}`);
  await side.ask(C, 'GET', `/volumes/${vp}`);
  await side.ask(C, 'GET', `/messages?resource_uuid=${bl}`);
  await side.ask(C, 'GET', `/messages?resource_uuid=${vp}`);
  await side.ask(C, 'POST', `/backups/${bl}/restore`, { restore: { volume_id: vp } });
  const w0 = await make(side, 'volumev3', '/volumes', { volume: { size: 1, backup_id: b2 } });
  const w1 = await make(side, C, '/volumes', { volume: { backup_id: bl, volume_type: 'luks', name: 'w1' } });
  made.push(`/volumes/${w0}`, `/volumes/${w1}`);
  await side.settle(C, `/volumes/${w0}`);
  await side.settle(C, `/volumes/${w1}`);
  await side.ask(C, 'GET', `/volumes/${w0}`);
  await side.ask(C, 'GET', `/volumes/${w1}`);
  await side.ask(C, 'POST', '/volumes', { volume: { size: 1, backup_id: b2, source_volid: w0 } });
  await side.ask(C, 'POST', `/volumes/${w0}/action`, { 'os-extend': { new_size: 2 } });
  await side.settle(C, `/volumes/${w0}`);
  const b3 = await make(side, C, '/backups', { backup: { volume_id: w0, name: 'b3' } });
  await side.settle(C, `/backups/${b3}`);
  await side.ask(C, 'POST', `/backups/${b3}/restore`, { restore: { volume_id: w1 } });
  // A plain backup over an encrypted type: no word, and the key is gone.
  await side.ask(C, 'POST', `/backups/${b2}/restore`, { restore: { volume_id: w1 } });
  await side.settle(C, `/volumes/${w1}`);
  await side.ask(C, 'GET', `/volumes/${w1}`);
  await side.ask(C, 'GET', `/volumes/${w1}/encryption`);
  made.unshift(`/backups/${b3}`, `/backups/${b2}`, `/backups/${b1}`, `/backups/${bl}`);
  const snapshot = await make(side, C, '/snapshots', {
    snapshot: { volume_id: vl, name: 's', force: true, metadata: { q: 'r' } },
  });
  await side.settle(C, `/snapshots/${snapshot}`);
  await side.ask(C, 'GET', `/snapshots/${snapshot}`);
  await side.ask('volumev3', 'GET', `/snapshots/${snapshot}`);
  await side.ask(C, 'GET', '/snapshots?name=s');
  await side.ask(C, 'GET', '/snapshots/detail?name=s');
  await side.ask(C, 'POST', '/snapshots', { snapshot: { volume_id: vl, force: false } });
  await side.ask(C, 'POST', '/backups', { backup: { volume_id: vp, snapshot_id: snapshot } });
  await side.ask(C, 'POST', '/volumes', { volume: { snapshot_id: snapshot, volume_type: 'standard' } });
  const sv = await make(side, C, '/volumes', { volume: { snapshot_id: snapshot, name: 'sv' } });
  await side.settle(C, `/volumes/${sv}`);
  await side.ask(C, 'GET', `/volumes/${sv}`);
  await side.ask(C, 'DELETE', `/volumes/${vl}`);
  // Incremental from a snapshot: the parent is bl, older than the snapshot.
  const bs = await make(side, C, '/backups', {
    backup: { volume_id: vl, snapshot_id: snapshot, incremental: true, name: 'bs' },
  });
  await side.ask(C, 'GET', `/snapshots/${snapshot}`);
  await side.ask(C, 'GET', `/volumes/${vl}`);
  await side.settle(C, `/backups/${bs}`);
  await side.ask(C, 'GET', `/backups/${bs}`);
  await side.ask(C, 'GET', `/backups/${bl}`);
  made.unshift(`/backups/${bs}`, `/volumes/${sv}`, `/snapshots/${snapshot}`);
  await actions(side, vl);
  made.unshift(...(await imageRoute(side, vl)));
  return made;
}

/** From when on a backup shows its container, its metadata is the user's. */
async function driverBegins(side: Side, backup: string): Promise<void> {
  for (let polls = 0; polls < 600; polls += 1) {
    const { container } = first((await side.send(C, 'GET', `/backups/${backup}`)).body);
    if (container !== null) return;
    await sleep(side.isReal ? 50 : 3);
  }
  throw new Error(`no driver began backup ${backup}`);
}

async function actions(side: Side, volume: string): Promise<void> {
  const path = `/volumes/${volume}/action`;
  for (const body of [
    { 'os-set_bootable': { bootable: true } },
    { 'os-set_bootable': { bootable: 'x' } },
    { 'os-set_image_metadata': { metadata: { hw_x: '1' } } },
    { 'os-show_image_metadata': null },
    { 'os-unset_image_metadata': { key: 'nope' } },
    { 'os-extend': { new_size: 1 } },
    { 'os-extend': { new_size: 'x' } },
    { 'os-bogus': {} },
    { 'os-reset_status': { status: 'error' } },
    { 'os-volume_upload_image': { image_name: 'x', disk_format: 'qcow2' } },
    { 'os-volume_upload_image': { disk_format: 'raw' } },
    { 'os-volume_upload_image': { image_name: 'x', disk_format: 'bogus' } },
    { a: 1, b: 2 },
  ] as Obj[]) {
    await side.ask(C, 'POST', path, body);
  }
  await side.ask(C, 'POST', `/volumes/${volume}/metadata`, { metadata: { a: 'b' } });
  await side.ask(C, 'PUT', `/volumes/${volume}/metadata`, { metadata: { c: 'd' } });
  await side.ask(C, 'GET', `/volumes/${volume}/metadata/c`);
  await side.ask(C, 'GET', `/volumes/${volume}/metadata/zz`);
  await side.ask(C, 'PUT', `/volumes/${volume}/metadata/c`, { meta: { c: 'e' } });
  await side.ask(C, 'PUT', `/volumes/${volume}/metadata/c`, { meta: { d: 'e' } });
  await side.ask(C, 'DELETE', `/volumes/${volume}/metadata/c`);
  await side.ask(C, 'POST', `/volumes/${volume}/metadata`, { metadata: { a: 5 } });
  await side.ask(C, 'POST', `/volumes/${volume}/metadata`, { wrong: {} });
  await side.ask(C, 'PUT', `/volumes/${volume}`, { volume: { name: 'nn', metadata: { z: '1' } } });
  await side.ask(C, 'PUT', `/volumes/${volume}`, { volume: {} });
  await side.ask(C, 'PUT', `/volumes/${volume}`, { volume: { bad: 1 } });
}

async function imageRoute(side: Side, volume: string): Promise<string[]> {
  const up = first(
    await side.ask(C, 'POST', `/volumes/${volume}/action`, {
      'os-volume_upload_image': { image_name: 'cmp up', visibility: 'private' },
    }),
  );
  const image = String(up['image_id']);
  await side.ask(C, 'GET', `/volumes/${volume}`);
  await side.settle(C, `/volumes/${volume}`);
  const view = await side.send('image', 'GET', `/v2/images/${image}`);
  const size = isObj(view.body) ? Number(view.body['size']) : 0;
  side.answers.push({
    label: 'uploaded image: size, keys',
    status: view.status,
    headers: {},
    body: [size, isObj(view.body) ? Object.keys(view.body).sort() : []],
  });
  await side.ask(C, 'POST', '/volumes', { volume: { imageRef: image, size: 1, volume_type: 'luks' } });
  const made = await make(side, C, '/volumes', {
    volume: { imageRef: image, size: 2, volume_type: 'luks', name: 'vi' },
  });
  await side.settle(C, `/volumes/${made}`);
  const restored = first((await side.send(C, 'GET', `/volumes/${made}`)).body);
  const inherited = restored['volume_image_metadata'];
  side.answers.push({
    label: 'volume from encrypted image',
    status: 200,
    headers: {},
    body: [
      restored['status'] ?? null,
      restored['bootable'] ?? null,
      restored['encrypted'] ?? null,
      isObj(inherited) ? Object.keys(inherited).sort() : [],
    ],
  });
  await side.send('image', 'DELETE', `/v2/images/${image}`);
  return [`/volumes/${made}`];
}
