import { closeLine, openedAt, openLine, TO_HEX, testLine } from '../keys/cryptsetup.ts';
import type { ImagePoint, RestorePoint, SecretPoint, VolumeImagePoint } from '../manifest/schema.ts';
import type { Book } from './book.ts';
import { fence, fileCheck, opened } from './shell.ts';

/** Explains how to open an encrypted image without OpenStack: where its bytes and its key are. */
export function unlockParts(point: VolumeImagePoint | ImagePoint, book: Book): string[] {
  const { resource, payload } = point;
  const file = `${resource.kind}-${point.id}.luks`;
  const key = book.key(resource.encryption?.key.point);
  if (payload !== null && key !== undefined)
    return unlock(book.number(point.id), file, payload.size, passphrase(key), [
      `${opened(payload)} > "$WORK/${file}"`,
      fileCheck(file, payload),
    ]);
  const kept = keyInCloud(point);
  if (kept === undefined) return [];
  const { id, size, checksum } = kept.image;
  return unlock(book.number(point.id), file, size, `barbican secrets/${kept.keyId}/payload | ${TO_HEX}`, [
    'TOKEN=$(openstack token issue -f value -c id)',
    `openstack image save --file="$WORK/${file}" ${id}`,
    ...(checksum === null ? [] : [`(cd "$WORK" && md5sum --check - <<< '${checksum}  ${file}')`]),
  ]);
}

/** An encrypted image in the cloud whose key is only there. */
export function keyInCloud(point: RestorePoint) {
  return point.method === 'image' && point.payload === null && point.image.keyId !== null
    ? { image: point.image, keyId: point.image.keyId }
    : undefined;
}

function unlock(
  number: number,
  file: string,
  size: number,
  passphrase: string,
  fetched: readonly string[],
): string[] {
  const image = `"$WORK/${file}"`;
  const name = `unlocked-${number}`;
  return [
    '### Unlock it outside OpenStack',
    `Needs ${size} bytes in \`WORK\`; what is written there is still encrypted.`,
    fence([...fetched, `${passphrase} | ${testLine(image)}`]),
    `Then, as root, its data is at \`${openedAt(name)}\`, until \`${closeLine(name)}\`:`,
    fence([`${passphrase} | ${openLine(image, name)}`]),
  ];
}

/** A secret of type `passphrase` is the passphrase itself; other keys are used as hex. */
function passphrase({ payload, resource }: SecretPoint): string {
  return resource.secretType === 'passphrase' ? opened(payload) : `${opened(payload)} | ${TO_HEX}`;
}
