import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Session } from '../openstack/connection.ts';
import { hasStatus } from '../openstack/errors.ts';
import { createImage } from '../openstack/image/v2/images.ts';
import { uploadImage } from '../openstack/image/v2/upload.ts';
import type { Ledger } from './ledger.ts';
import { laterOfUnseen } from './staying.ts';
import { TEMPORARY_PROPERTY } from './tags.ts';
import { undo } from './undo.ts';

/** The first bytes of an image that Glance may refuse. */
export interface Probe {
  readonly head: Uint8Array;
  readonly diskFormat: string;
  readonly containerFormat: string;
}

/**
 * Whether this cloud's Glance refuses data that begins like this (415). That depends on its release and its operator,
 * and no API version tells; so a probe image of these bytes is made and removed again.
 */
export async function glanceRefuses(
  { session, ledger }: { readonly session: Session; readonly ledger: Ledger },
  { head, diskFormat, containerFormat }: Probe,
): Promise<boolean> {
  const client = await session.service('image');
  const id = randomUUID();
  const draft = ledger.draft('scratch', 1);
  try {
    await createImage(client, {
      id,
      name: 'openstack-backup probe',
      diskFormat,
      containerFormat,
      visibility: 'private',
      properties: { [TEMPORARY_PROPERTY]: ledger.bound(draft, 'image', id) },
    });
    await uploadImage(client, id, Readable.from([head], { objectMode: false }), head.length);
    return false;
  } catch (error) {
    if (hasStatus(error, 415)) return true;
    throw error;
  } finally {
    const what = `image ${id}, made to ask Glance`;
    await undo(session, [{ kind: 'image', id, what, later: laterOfUnseen('scratch') }]);
  }
}
