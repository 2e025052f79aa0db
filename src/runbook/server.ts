import type { SavedDisk, SavedServer, ServerPoint } from '../manifest/schema.ts';
import { forMarkdown, forShell } from '../text/escape.ts';
import type { Book, Section } from './book.ts';
import { floatingLines, groupLines, networkWords, portLines } from './network.ts';
import { assign, check, command, fence, option, properties, shown, until } from './shell.ts';

/** Makes a server from its disks, which earlier sections restore. */
export function serverSection(point: ServerPoint, book: Book): Section {
  const { resource, missing, consistency, oneMoment } = point;
  const variable = book.variable('server', point.id);
  const server = `"$${variable}"`;
  const { flavor, disks } = resource;
  return {
    title: `Server ${forMarkdown(resource.name)}`,
    body: [
      `It was server \`${resource.id}\`, ${resource.status}, of flavor ${forMarkdown(flavor.name)} (${flavor.vcpus} vCPUs, ${flavor.ram} MiB, ${flavor.disk} GiB). Consistency: ${consistency}, its disks ${oneMoment ? 'are all as of the same moment' : 'are not all as of the same moment'}.`,
      `First its disks: ${disks.map((disk) => `section ${book.number(disk.point)}${disk.device === null ? '' : ` (${forMarkdown(disk.device)})`}`).join(', ')}. In the command, replace what no longer exists, such as a flavor or a network.`,
      ...(missing.length === 0
        ? []
        : [['Not saved, so not restored:', ...missing.map((what) => `- ${forMarkdown(what)}`)].join('\n')]),
      fence([
        ...keyPairLines(resource),
        ...portLines(resource, variable),
        assign(
          variable,
          `openstack --os-compute-api-version=${microversion(resource)} server create`,
          ...serverWords(resource, book, variable),
          '-f value -c id --',
          forShell(resource.name),
        ),
        until('ACTIVE', 'server', server),
        ...groupLines(resource, variable),
        ...floatingLines(resource, server),
        ...diskCheck(disks, book, server),
      ]),
    ],
  };
}

/**
 * The lowest version that will do, for older clouds: 2.37 has networks "none", 2.42 disk tags, 2.52 tags, 2.90
 * hostnames.
 */
function microversion({ disks, tags, hostname }: SavedServer): string {
  if (hostname !== null) return '2.90';
  if (tags.length > 0) return '2.52';
  return disks.some(({ tag }) => tag !== null) ? '2.42' : '2.37';
}

function serverWords(saved: SavedServer, book: Book, variable: string): string[] {
  const { flavor, disks, keyPair, serverGroup, description, hostname } = saved;
  return [
    ...option('flavor', flavor.id ?? flavor.name),
    ...disks.map((disk) => diskWord(disk, book)),
    ...networkWords(saved, variable),
    ...option('key-name', keyPair?.name),
    ...option('availability-zone', saved.availabilityZone),
    ...option('hint', serverGroup && `group=${serverGroup.id}`),
    ...option('description', description === '' ? null : description),
    ...option('hostname', hostname),
    ...properties('property', saved.metadata),
    ...saved.tags.flatMap((tag) => option('tag', tag)),
    ...(saved.configDrive ? ['--use-config-drive'] : []),
  ];
}

/** Keep these in the cloud's order: Nova derives the device names from it. */
function diskWord({ volume, point, bootIndex, deleteOnTermination, tag }: SavedDisk, book: Book): string {
  if (volume === null) return `--image="$${book.variable('image', point)}"`;
  const fields = [
    'source_type=volume,destination_type=volume',
    `boot_index=${bootIndex ?? -1}`,
    `delete_on_termination=${deleteOnTermination}`,
    ...(tag === null || /[,=]/.test(tag) ? [] : [`tag=${tag}`]),
  ];
  return `--block-device=uuid="$${book.variable('volume', point)}",${forShell(fields.join(','))}`;
}

function keyPairLines({ keyPair }: SavedServer): string[] {
  if (keyPair?.publicKey == null) return [];
  const [name, publicKey] = [forShell(keyPair.name), forShell(keyPair.publicKey.trim())];
  return [
    `if ! openstack keypair show -- ${name} > /dev/null 2>&1; then`,
    `  ${command('openstack keypair create --public-key=/dev/stdin --', name, `<<< ${publicKey} > /dev/null`)}`,
    'fi',
  ];
}

function diskCheck(disks: readonly SavedDisk[], book: Book, server: string): string[] {
  const volumes = disks
    .filter(({ volume }) => volume !== null)
    .map(({ point }) => `"$${book.variable('volume', point)}"`);
  return [
    check(
      `openstack server volume list -f value -c 'Volume ID' ${server} | sort`,
      volumes.length === 0 ? "''" : `"$(printf '%s\\n' ${volumes.join(' ')} | sort)"`,
    ),
    check(shown('server', 'status', server), 'ACTIVE'),
  ];
}
