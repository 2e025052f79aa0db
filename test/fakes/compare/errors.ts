import { C, type Obj, type Side } from './side.ts';

export async function cinderErrors(side: Side): Promise<void> {
  const none = '/volumes/11111111-1111-4111-8111-111111111111';
  await side.ask(C, 'GET', none);
  await side.ask(C, 'GET', '/backups/zz');
  await side.ask(C, 'GET', '/snapshots/zz');
  await side.ask(C, 'GET', '/types/zz');
  await side.ask(C, 'GET', '/nothing');
  await side.ask(C, 'GET', '/volumes?bogus=1');
  await side.ask('volumev3', 'GET', '/volumes?name=nobody&bogus=1');
  await side.ask(C, 'GET', '/volumes?limit=x');
  await side.ask(C, 'GET', '/volumes?limit=-1');
  await side.ask(C, 'GET', '/volumes?marker=zz');
  await side.ask(C, 'GET', '/volumes?sort=bogus:asc');
  await side.ask(C, 'GET', '/volumes?sort=name:up');
  await side.ask(C, 'GET', '/volumes?sort=name:asc&sort_key=name');
  await side.ask('volumev3 3.99', 'GET', '/volumes');
  await side.ask('volumev3 abc', 'GET', '/volumes');
  await side.ask('volumev3', 'GET', '/messages');
  await side.ask('volumev3', 'PUT', '/backups/zz', { backup: { name: 'x' } });
  await side.ask(C, 'GET', '/types/default');
  for (const body of [
    { backup: { foo: 1 } },
    { backup: { volume_id: 'x' } },
    { backup: { volume_id: none.slice(9), foo: 1 } },
    { backup: { volume_id: none.slice(9), force: 'maybe' } },
    { backup: { volume_id: none.slice(9), name: 5 } },
    { backup: { volume_id: none.slice(9), name: 'x'.repeat(300) } },
    { backup: { volume_id: none.slice(9), metadata: { 'a*b': 'c' } } },
    { backup: { volume_id: none.slice(9), metadata: { a: 1 } } },
    { backup: { volume_id: none.slice(9), snapshot_id: 'x' } },
    { backup: { volume_id: none.slice(9) } },
    { backup: 'text' },
    { other: {} },
    { backup: { volume_id: none.slice(9) }, more: 1 },
  ] as Obj[]) {
    await side.ask(C, 'POST', '/backups', body);
  }
  for (const body of [
    { volume: {} },
    { volume: { size: 0 } },
    { volume: { size: 'x' } },
    { volume: { size: '1', foo: 'a' } },
    { volume: { size: 1, volume_type: 'nope' } },
    { volume: { size: 1, volume_type: none.slice(9) } },
    { volume: { size: 1, availability_zone: 'nope' } },
    { volume: { size: 1, imageRef: 'nope' } },
    { volume: { size: 1, snapshot_id: none.slice(9) } },
    { volume: { size: 1, source_volid: none.slice(9) } },
    { volume: { size: 1, backup_id: none.slice(9) } },
    { volume: { size: 1, multiattach: 'x' } },
    { volume: { size: 1, metadata: { a: null } } },
  ] as Obj[]) {
    await side.ask(C, 'POST', '/volumes', body);
  }
  await side.ask(C, 'POST', '/snapshots', { snapshot: { name: 'x' } });
  await side.ask(C, 'POST', '/snapshots', { snapshot: { volume_id: none.slice(9) } });
  await side.ask(C, 'POST', '/volumes', Buffer.from('junk'));
  await side.ask(C, 'POST', '/volumes', Buffer.from('[]'));
}

export async function computeErrors(side: Side): Promise<void> {
  await side.ask('compute 2.104', 'GET', '/servers/zz');
  await side.ask('compute 2.999', 'GET', '/servers');
  await side.ask('compute', 'GET', '/servers?limit=x');
  await side.ask('compute', 'GET', '/servers?marker=zz');
  await side.ask('compute', 'POST', '/servers', { server: {} });
  await side.ask('compute', 'GET', '/os-keypairs');
  await side.ask('compute', 'GET', '/os-availability-zone');
  await side.ask('compute', 'GET', '/servers/zz/os-volume_attachments');
}
