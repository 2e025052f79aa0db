import { InputError } from '../../errors.ts';
import type { SavedFlavor } from '../../manifest/schema.ts';
import { quoted } from '../../text/escape.ts';

/** What decides whether a server fits. */
export interface FlavorSize {
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB. */
  readonly disk: number;
}

export interface OfferedFlavor extends FlavorSize {
  readonly id: string;
  readonly name: string;
}

export interface ChosenFlavor<F extends OfferedFlavor> {
  readonly flavor: F;
  /** What differs from the original, in words; undefined for the recorded one. */
  readonly instead: string | undefined;
}

/**
 * The flavor of a restored server: the given one, else the recorded one by id or name if it still is as
 * large, else the smallest that holds the server.
 *
 * @param wish id or name
 * @param rootDisk whether the root disk is the server's own, so that the flavor's disk must hold it
 * @throws InputError if there is none
 */
export function chooseFlavor<F extends OfferedFlavor>(
  saved: SavedFlavor,
  flavors: readonly F[],
  wish: string | undefined,
  rootDisk: boolean,
): ChosenFlavor<F> {
  const needed: FlavorSize = { ...saved, disk: rootDisk ? saved.disk : 0 };
  if (wish !== undefined) return asked(wish, needed, flavors);
  const same =
    flavors.find((flavor) => flavor.id === saved.id && holds(flavor, needed)) ??
    flavors.find((flavor) => flavor.name === saved.name && holds(flavor, needed));
  if (same !== undefined) return { flavor: same, instead: differing(saved, same) };
  const [smallest] = flavors.filter((flavor) => holds(flavor, needed)).sort(bySize);
  if (smallest === undefined)
    throw new InputError(
      `no flavor is large enough for the server, which had ${quoted(saved.name)} (${told(needed)})`,
      `Name a smaller one with \`map\`: flavor: ${saved.name}=NEW. There are: ${flavors.map(({ name }) => name).join(', ') || 'none'}.`,
    );
  return {
    flavor: smallest,
    instead: `flavor ${quoted(smallest.name)} (${told(smallest)}) instead of ${quoted(saved.name)} (${told(saved)})`,
  };
}

/** A given flavor may have fewer CPUs and less memory on purpose; a disk that is too small cannot work. */
function asked<F extends OfferedFlavor>(
  wish: string,
  needed: FlavorSize,
  flavors: readonly F[],
): ChosenFlavor<F> {
  const flavor = flavors.find(({ id }) => id === wish) ?? flavors.find(({ name }) => name === wish);
  if (flavor === undefined)
    throw new InputError(
      `there is no flavor ${quoted(wish)}`,
      `There are: ${flavors.map(({ name }) => name).join(', ') || 'none'}.`,
    );
  if (flavor.disk < needed.disk)
    throw new InputError(
      `flavor ${quoted(flavor.name)} has a root disk of ${flavor.disk} GiB, but the server needs ${needed.disk}`,
      'Choose one with a larger disk.',
    );
  return {
    flavor,
    instead: holds(flavor, needed) ? undefined : `flavor ${quoted(flavor.name)}, which is smaller`,
  };
}

function differing(saved: SavedFlavor, { name, vcpus, ram, disk }: OfferedFlavor): string | undefined {
  const equal = name === saved.name && vcpus === saved.vcpus && ram === saved.ram && disk === saved.disk;
  return equal
    ? undefined
    : `flavor ${quoted(name)} (${told({ vcpus, ram, disk })}), which was ${quoted(saved.name)} (${told(saved)})`;
}

function holds(flavor: FlavorSize, needed: FlavorSize): boolean {
  return flavor.vcpus >= needed.vcpus && flavor.ram >= needed.ram && flavor.disk >= needed.disk;
}

function bySize(a: FlavorSize, b: FlavorSize): number {
  return a.ram - b.ram || a.vcpus - b.vcpus || a.disk - b.disk;
}

function told({ vcpus, ram, disk }: FlavorSize): string {
  return `${vcpus} vCPUs, ${ram} MiB, ${disk} GiB`;
}
