import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** Gives the files of a directory over HTTP, as Glance gives images. Prints its port. */
const [directory = ''] = process.argv.slice(2);
const server = createServer(async (request, response) => {
  const path = join(directory, (request.url ?? '').replaceAll(/[^0-9a-z.-]/g, ''));
  response.setHeader('content-length', (await stat(path)).size);
  createReadStream(path, { highWaterMark: 1 << 20 }).pipe(response);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`);
});
