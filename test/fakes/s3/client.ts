import { createHash, createHmac } from 'node:crypto';

export interface S3Access {
  /** URL of the server. */
  readonly endpoint: string;
  readonly region: string;
  readonly id: string;
  readonly secret: string;
}

/** One request to any server that speaks S3, signed; shares no code with ours. Throws what is no success. */
export async function s3Request(
  { endpoint, region, id, secret }: S3Access,
  method: string,
  path: string,
  {
    query = {},
    body = '',
  }: { readonly query?: Readonly<Record<string, string>>; readonly body?: string } = {},
): Promise<Buffer> {
  const at = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const digest = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
  const target = path.split('/').map(strict).join('/');
  const asked = Object.entries(query)
    .map(([name, value]) => `${strict(name)}=${strict(value)}`)
    .sort()
    .join('&');
  const host = new URL(endpoint).host;
  const names = 'host;x-amz-content-sha256;x-amz-date';
  const lines = `host:${host}\nx-amz-content-sha256:${digest(body)}\nx-amz-date:${at}\n`;
  const canonical = `${method}\n${target}\n${asked}\n${lines}\n${names}\n${digest(body)}`;
  const scope = `${at.slice(0, 8)}/${region}/s3/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${at}\n${scope}\n${digest(canonical)}`;
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of [...scope.split('/'), text]) key = createHmac('sha256', key).update(part).digest();
  const answer = await fetch(`${endpoint}${target}${asked === '' ? '' : `?${asked}`}`, {
    method,
    headers: {
      'x-amz-content-sha256': digest(body),
      'x-amz-date': at,
      authorization: `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${names}, Signature=${key.toString('hex')}`,
    },
    ...(body === '' ? {} : { body }),
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${bytes.toString()}`);
  return bytes;
}

function strict(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
