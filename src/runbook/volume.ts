import type { SavedVolume, VolumePoint } from '../manifest/schema.ts';
import { forMarkdown, forShell } from '../text/escape.ts';
import { assign, check, command, option, properties, shown, unsettable, until } from './shell.ts';

/** What both ways to restore a volume share. */

/** The name of a volume until its restore is complete. */
export const unfinished = (pointId: string) => `restore-${pointId}`;

/** Makes a volume like the recorded one, empty or from an image, and checks whether it is encrypted. */
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
      // A nameless volume gets the name of the backup's volume from Cinder, which is empty too.
      ...(name === '' ? [] : [unfinished(id)]),
    ),
    until('available', 'volume', `"$${variable}"`),
    check(shown('volume', 'encrypted', `"$${variable}"`), encryption === null ? 'False' : 'True'),
  ];
}

/** The metadata that a restore has already put on a volume. */
interface Brought {
  readonly metadata: boolean;
  readonly imageMetadata: Readonly<Record<string, string>>;
}

/**
 * Sets what a restore does not. The name comes last, so that nobody mistakes an incomplete volume for the restored one.
 */
export function settled(
  { name, description, metadata, bootable }: SavedVolume,
  variable: string,
  brought: Brought,
): string[] {
  const volume = `"$${variable}"`;
  return [
    command(
      // Clients before 10.2 fail if there is no property to remove.
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

/** Describes the original volume. */
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

/** Empty if the client can set all of them. */
export function unsettableNote(...records: readonly Readonly<Record<string, string>>[]): string[] {
  const names = unsettable(...records);
  return names.length === 0
    ? []
    : [`The client cannot set the properties called ${names.map(forMarkdown).join(', ')}: see the manifest.`];
}
