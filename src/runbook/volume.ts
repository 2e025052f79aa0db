import type { SavedVolume, VolumePoint } from '../manifest/schema.ts';
import { forMarkdown, forShell } from '../text/escape.ts';
import { assign, check, command, option, properties, shown, unsettable, until } from './shell.ts';

/** What both ways of restoring a volume have in common. */

/** Until it is whole it is called after its restore point. */
export const unfinished = (pointId: string) => `restore-${pointId}`;

/** An empty volume, or one from an image: as the recorded one, and seen to be encrypted or not before data is on it. */
export function newVolume(
  { id, resource }: VolumePoint,
  variable: string,
  gibibytes: number,
  ...source: readonly string[]
): string[] {
  const { type, availabilityZone, name, encryption } = resource;
  return [
    assign(
      variable,
      'openstack volume create',
      ...option('size', gibibytes),
      ...source,
      ...option('type', type.id ?? type.name),
      ...option('availability-zone', availabilityZone === '' ? null : availabilityZone),
      '-f value -c id',
      // Cinder gives one without a name that of the backup's volume, which has none either.
      ...(name === '' ? [] : [unfinished(id)]),
    ),
    until('available', 'volume', `"$${variable}"`),
    check(shown('volume', 'encrypted', `"$${variable}"`), encryption === null ? 'False' : 'True'),
  ];
}

/** What is on a volume before it is settled: nothing, or metadata that a restore brought. */
interface Brought {
  readonly metadata: boolean;
  readonly imageMetadata: Readonly<Record<string, string>>;
}

/** Sets right what a restore leaves otherwise; the name comes last, so that what is not whole is not taken for it. */
export function settled(
  { name, description, metadata, bootable }: SavedVolume,
  variable: string,
  brought: Brought,
): string[] {
  const volume = `"$${variable}"`;
  return [
    command(
      // Clients before 10.2 fail where there is none to remove.
      brought.metadata ? 'openstack volume set --no-property' : 'openstack volume set',
      ...properties('property', metadata),
      ...properties('image-property', brought.imageMetadata),
      ...option('description', description === '' ? null : description),
      ...option('name', name === '' ? null : name),
      bootable ? '--bootable' : '--non-bootable',
      volume,
    ),
    check(`${shown('volume', 'bootable', volume)} | tr TF tf`, String(bootable)),
    ...(name === '' ? [] : [check(shown('volume', 'name', volume), forShell(name))]),
  ];
}

export function volumeTitle({ id, name }: SavedVolume): string {
  return `Volume ${forMarkdown(name || id)}`;
}

/** What it was, in words. */
export function volumeWas({ resource, consistency }: VolumePoint): string {
  const { id, size, type, encryption, attachments } = resource;
  const typed = type.name === null ? '' : ` of type ${forMarkdown(type.name)}`;
  const used = attachments
    .map(({ server, device }) => `to server ${forMarkdown(server)} as ${forMarkdown(device)}`)
    .join(', and ');
  return [
    `It was volume \`${id}\`, ${size} GiB${typed}${encryption === null ? '' : ', encrypted'}`,
    used === '' ? '' : `, attached ${used}`,
    `. Consistency: ${consistency}.`,
  ].join('');
}

/** Nothing where the client can set all of them. */
export function unsettableNote(...records: readonly Readonly<Record<string, string>>[]): string[] {
  const names = unsettable(...records);
  return names.length === 0
    ? []
    : [`The client cannot set the properties called ${names.map(forMarkdown).join(', ')}: see the manifest.`];
}
