/** The blob store that signed URLs lead to: PUT plain, by blocks and their list; GET, HEAD and ranges. */
import type { Call, Reply } from './http.ts';
import { match } from './http.ts';
import { sha256 } from './state.ts';

export function blobs(call: Call): Reply | undefined {
  const upload = match('/blob/in/:name', call.path);
  const download = match('/blob/out/:name', call.path);
  if (upload === undefined && download === undefined) return undefined;
  // A signed URL is enough; a token that travels here is a leak.
  if (call.headers.authorization !== undefined)
    return { status: 400, json: { error: 'a token was sent to the blob store' } };
  const secret = call.query.get('sig') ?? '';
  return upload === undefined ? serve(call, secret) : take(call, secret);
}

function take({ state, method, query, raw }: Call, secret: string): Reply {
  const upload = state.uploads.get(secret);
  if (upload === undefined || method !== 'PUT') return { status: 403 };
  const headers = { etag: '"1"', 'last-modified': new Date().toUTCString(), 'x-ms-request-id': 'r' };
  switch (query.get('comp')) {
    case 'block':
      upload.blocks.set(query.get('blockid') ?? '', raw);
      break;
    case 'blocklist': {
      const ids = [...raw.toString('utf8').matchAll(/<(?:Latest|Uncommitted)>([^<]+)</g)].map(
        ([, id]) => id ?? '',
      );
      const parts = ids.map((id) => upload.blocks.get(id));
      if (parts.includes(undefined)) return { status: 400, json: { error: 'InvalidBlockList' } };
      upload.bytes = Buffer.concat(parts as Buffer[]);
      break;
    }
    default:
      upload.bytes = raw;
  }
  return { status: 201, headers };
}

function serve({ state, method, headers }: Call, secret: string): Reply {
  const blob = state.downloads.get(secret);
  if (blob === undefined) return { status: 403 };
  const { bytes, type } = blob;
  const common = {
    'content-type': type,
    'accept-ranges': 'bytes',
    etag: `"${sha256(bytes).slice(0, 16)}"`,
    'last-modified': new Date(0).toUTCString(),
    'x-ms-blob-type': 'BlockBlob',
  };
  if (method === 'HEAD')
    return { status: 200, headers: { ...common, 'content-length': String(bytes.length) } };
  const range = /^bytes=(\d+)-(\d*)$/.exec(String(headers['x-ms-range'] ?? headers['range'] ?? ''));
  if (range === null) return { status: 200, headers: common, bytes };
  const start = Number(range[1]);
  const end = range[2] === '' ? bytes.length - 1 : Math.min(Number(range[2]), bytes.length - 1);
  return {
    status: 206,
    headers: { ...common, 'content-range': `bytes ${start}-${end}/${bytes.length}` },
    bytes: bytes.subarray(start, end + 1),
  };
}
