import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

/**
 * Gives the files of a directory over HTTP as Glance gives images, and says of them what `openstack image save` asks
 * for. Prints its port.
 */
const [directory = ''] = process.argv.slice(2);
type Digests = Readonly<Record<'checksum' | 'os_hash_algo' | 'os_hash_value', string | undefined>>;
const known = new Map<string, Promise<Digests>>();
const RAW = { status: 'active', disk_format: 'raw', container_format: 'bare' };
const server = createServer(async (request, response) => {
  const json = (value: object) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  const base = `http://${request.headers.host}/v2/`;
  const [, name, file] = /^\/v2\/images\/([0-9a-z-]+)(\/file)?$/.exec(request.url ?? '') ?? [];
  if (name === undefined)
    return json({ versions: [{ id: 'v2.9', status: 'CURRENT', links: [{ rel: 'self', href: base }] }] });
  const path = join(directory, name);
  const { size } = await stat(path);
  if (file === undefined) {
    const digests = known.get(name) ?? digested(path);
    known.set(name, digests);
    return json({ ...(await digests), id: name, name, size, ...RAW });
  }
  response.setHeader('content-length', size).setHeader('content-type', 'application/octet-stream');
  return createReadStream(path, { highWaterMark: 1 << 20 }).pipe(response);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});

/** What Glance knows since the image was made: computed once. */
async function digested(path: string): Promise<Digests> {
  const hashes = [createHash('md5'), createHash('sha512')] as const;
  for await (const piece of createReadStream(path)) for (const hash of hashes) hash.update(piece);
  const [md5, sha512] = hashes.map((hash) => hash.digest('hex'));
  return { checksum: md5, os_hash_algo: 'sha512', os_hash_value: sha512 };
}
