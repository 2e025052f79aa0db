import { makeImage } from './make-image.ts';
import type { Side } from './side.ts';

export const OCTETS = { 'Content-Type': 'application/octet-stream' };

/** Data that is empty, announced wrongly, broken off, refused, or not to be had. */
export async function imageData(side: Side): Promise<void> {
  await empty(side);
  await announced(side);
  await brokenOff(side);
  await refused(side);
  await deactivated(side);
}

async function empty(side: Side): Promise<void> {
  const one = `/v2/images/${await makeImage(side)}`;
  await side.ask('image', 'GET', `${one}/file`, undefined, { Range: 'bytes=0-0' });
  await side.ask('image', 'PUT', `${one}/file`, Buffer.alloc(0), OCTETS);
  await side.ask('image', 'GET', one);
  await side.ask('image', 'GET', `${one}/file`);
  for (const Range of ['bytes=0-0', 'bytes=-5'])
    await side.ask('image', 'GET', `${one}/file`, undefined, { Range });
  await side.ask('image', 'DELETE', one);
}

async function announced(side: Side): Promise<void> {
  const one = `/v2/images/${await makeImage(side)}`;
  for (const size of ['12', '5', 'x', '-1', '11']) {
    await side.ask('image', 'PUT', `${one}/file`, Buffer.from('hello world'), {
      ...OCTETS,
      'x-openstack-image-size': size,
    });
    await side.ask('image', 'GET', one);
  }
  await side.ask('image', 'DELETE', one);
}

async function brokenOff(side: Side): Promise<void> {
  const one = `/v2/images/${await makeImage(side)}`;
  await side.cutUpload(`${one}/file`, Buffer.from('hello'), 1000);
  await side.ask('image', 'GET', one);
  await side.ask('image', 'GET', `${one}/file`);
  await side.ask('image', 'PUT', `${one}/file`, Buffer.from('again'), OCTETS);
  await side.ask('image', 'GET', one);
  await side.ask('image', 'DELETE', one);
}

async function refused(side: Side): Promise<void> {
  const luks2 = Buffer.concat([Buffer.from('4c554b53babe0002', 'hex'), Buffer.alloc(600)]);
  for (const Accept of ['*/*', 'application/json']) {
    const one = `/v2/images/${await makeImage(side)}`;
    await side.ask('image', 'PUT', `${one}/file`, luks2, { ...OCTETS, Accept });
    await side.ask('image', 'GET', one);
    await side.ask('image', 'GET', `${one}/file`);
    await side.ask('image', 'PUT', `${one}/file`, Buffer.from('good'), { ...OCTETS, Accept });
    await side.ask('image', 'GET', one);
    await side.ask('image', 'DELETE', one);
  }
}

async function deactivated(side: Side): Promise<void> {
  const one = `/v2/images/${await makeImage(side)}`;
  await side.ask('image', 'POST', `${one}/actions/deactivate`);
  await side.ask('image', 'PUT', `${one}/file`, Buffer.from('hello'), OCTETS);
  await side.ask('image', 'POST', `${one}/actions/deactivate`);
  await side.ask('image', 'GET', one);
  await side.ask('image', 'GET', `${one}/file`);
  await side.ask('image', 'GET', `${one}/file`, undefined, { Range: 'bytes=0-0' });
  await side.ask('image', 'POST', `${one}/actions/reactivate`);
  await side.ask('image', 'GET', `${one}/file`);
  await side.ask('image', 'DELETE', one);
}
