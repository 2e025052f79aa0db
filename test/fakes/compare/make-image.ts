import { isObj, type Obj, type Side } from './side.ts';

/** @returns its id, or nothing where it is refused */
export async function makeImage(side: Side, fields: Obj = {}): Promise<string> {
  const image = { name: 'cmp', disk_format: 'raw', container_format: 'bare', ...fields };
  const { body } = await side.send('image', 'POST', '/v2/images', image);
  return isObj(body) ? String(body['id']) : '';
}
