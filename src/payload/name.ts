import { checkedSegment } from '../store/name.ts';

/** The name of a key's payload, which tells how to open it by hand: `secret-5f2c….key.age`. */
export function keyName(point: string, sealed: boolean): string {
  return checkedSegment(`secret-${point}.key${sealed ? '.age' : ''}`);
}
