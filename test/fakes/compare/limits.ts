/** How long names, keys and values may be, and of which characters. */
import { makeImage } from './make-image.ts';
import { C, make, N, type Obj, type Side } from './side.ts';

const X = (count: number): string => 'x'.repeat(count);
const KEYS = [X(255), X(256), '', 'a b', 'a/b', 'a*b', 'a:b_c-d.e', 'ü', 'a,b', '~'];
const VALUES = [X(255), X(256), '', ' padded ', 'grüße', '\u{1f600}'];

function each(name: string): Obj[] {
  return [
    ...KEYS.map((key) => ({ [name]: { [key]: 'v' } })),
    ...VALUES.map((value) => ({ [name]: { k: value } })),
  ];
}

/** Volumes, snapshots and backups. Errors name what was sent, so the answers are long where the words are. */
export async function cinderLimits(side: Side): Promise<void> {
  const volume = await make(side, C, '/volumes', { volume: { size: 1, name: 'cmp limits' } });
  await side.settle(C, `/volumes/${volume}`);
  const snapshot = await make(side, C, '/snapshots', { snapshot: { volume_id: volume, name: ' cmp ' } });
  await side.settle(C, `/snapshots/${snapshot}`);
  for (const path of [`/volumes/${volume}`, `/snapshots/${snapshot}`]) {
    for (const body of each('metadata')) await side.ask(C, 'PUT', `${path}/metadata`, body);
    await side.ask(C, 'PUT', `${path}/metadata`, { metadata: { k: 5 } });
    await side.ask(C, 'PUT', `${path}/metadata`, { metadata: {} });
    await side.ask(C, 'GET', `${path}/metadata`);
  }
  for (const text of VALUES) {
    for (const key of ['name', 'description']) {
      await side.ask(C, 'PUT', `/volumes/${volume}`, { volume: { [key]: text } });
      await side.ask(C, 'PUT', `/snapshots/${snapshot}`, { snapshot: { [key]: text } });
    }
  }
  // Refused, and so nothing is left.
  for (const body of [
    { name: X(256) },
    { description: X(256) },
    { name: 5 },
    { name: null, metadata: { 'a*b': 'c' } },
    { metadata: { a: X(256) } },
    { metadata: { a: 1 } },
    { metadata: 'text' },
    { foo: 'bar' },
  ] as Obj[]) {
    await side.ask(C, 'POST', '/snapshots', { snapshot: { volume_id: volume, ...body } });
    await side.ask(C, 'POST', '/volumes', { volume: { size: 1, ...body } });
    await side.ask(C, 'POST', '/backups', { backup: { volume_id: volume, ...body } });
  }
  for (const body of each('metadata'))
    await side.ask(C, 'POST', `/volumes/${volume}/action`, { 'os-set_image_metadata': body });
  await side.ask(C, 'POST', `/volumes/${volume}/action`, { 'os-show_image_metadata': null });
  await side.send(C, 'DELETE', `/snapshots/${snapshot}`);
  await side.settle(C, `/snapshots/${snapshot}`);
  await side.send(C, 'DELETE', `/volumes/${volume}`);
  await side.settle(C, `/volumes/${volume}`);
}

export async function imageLimits(side: Side): Promise<void> {
  const json = { 'Content-Type': 'application/json' };
  for (const fields of [
    ...KEYS.map((key) => ({ [key]: 'v' })),
    ...VALUES.map((value) => ({ k: value })),
    { name: X(255) },
    { name: X(256) },
    { name: '' },
    { name: '\u{1f600}' },
    { tags: [X(255)] },
    { tags: [X(256)] },
    { tags: [''] },
    { k: null },
    { k: 1 },
    { long: X(65_535) },
    { long: X(65_536) },
  ] as Obj[]) {
    const answer = await side.ask('image', 'POST', '/v2/images', { name: 'cmp', ...fields }, json);
    if (typeof answer['id'] === 'string') await side.send('image', 'DELETE', `/v2/images/${answer['id']}`);
  }
  const id = await makeImage(side, { p: 'q' });
  for (const value of ['\u{1f600}', X(256)])
    await side.ask(
      'image',
      'PATCH',
      `/v2/images/${id}`,
      Buffer.from(JSON.stringify([{ op: 'replace', path: '/p', value }])),
      { 'Content-Type': 'application/openstack-images-v2.1-json-patch' },
    );
  for (const member of [X(255), X(256), ''])
    await side.ask('image', 'POST', `/v2/images/${id}/members`, { member });
  await side.send('image', 'DELETE', `/v2/images/${id}`);
}

const REFUSED: Obj[] = [
  { name: '' },
  { name: X(256) },
  { metadata: { k: X(256) } },
  { metadata: { [X(256)]: 'v' } },
  { metadata: { '': 'v' } },
  { metadata: { 'a*b': 'v' } },
  { metadata: { k: 5 } },
  { foo: 1 },
];

/** What a server's metadata takes: `path` is a server's own. */
export async function serverLimits(side: Side, path: string): Promise<void> {
  for (const body of each('metadata')) await side.ask(N, 'PUT', `${path}/metadata`, body);
  await side.ask(N, 'PUT', `${path}/metadata`, { metadata: { k: 5 } });
  await side.ask(N, 'GET', `${path}/metadata`);
  // All refused: else there would be an image.
  for (const body of REFUSED)
    await side.ask(N, 'POST', `${path}/action`, { createImage: { name: 'cmp no', ...body } });
}
