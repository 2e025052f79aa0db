import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { type Sealer, sealer } from '../keys/age.ts';
import { DIRECTORY } from '../manifest/files.ts';
import type { GitHub } from '../ports/github.ts';
import type { OpenStore, Place } from '../store/place.ts';
import {
  isDirectory,
  isOnGitHub,
  type PlaceName,
  parsePlace,
  parseStore,
  shownPlace,
} from '../store/place-name.ts';
import { DirectoryWriter } from './directory.ts';
import { expiryDoubt } from './expiry.ts';
import { artifactPublisher } from './github/artifact.ts';
import { checkTag, releasePublisher, TAG_PREFIX } from './github/release.ts';
import type { Publisher } from './publisher.ts';
import { storePublisher } from './store.ts';

export interface PublishOptions {
  /** Relative paths start here. */
  readonly directory: string;
  readonly run: { readonly id: string };
  readonly store: OpenStore;
  readonly signKey: KeyObject | undefined;
  /** Undefined in a terminal. */
  readonly github: GitHub | undefined;
  /** age recipients to seal to. */
  readonly recipients: readonly string[];
  readonly releaseTag: string | undefined;
  /** Days to keep an artifact; 0 for the repository's setting. */
  readonly expiryDays: number;
  /** What to do if no place keeps the manifest longer than an artifact. */
  readonly expiry: 'warn' | 'any' | 'outlive';
  readonly warn: (line: string) => void;
}

/**
 * The places of the input `publish`; if it gives none, an artifact in a workflow and a directory in a terminal. Asks
 * GitHub whether it can be published there, and changes nothing.
 *
 * @throws InputError for an unsupported place, one that cannot take it, or one that everybody could read
 */
export async function publishers(names: readonly string[], options: PublishOptions): Promise<Publisher[]> {
  const { github } = options;
  const given = names.length > 0 ? names : [github === undefined ? `directory:${DIRECTORY}` : 'artifact'];
  const places = given.map((name) => publishPlace(name, github !== undefined));
  checkInputs(places, options);
  const stores = await storesAmong(places, options);
  const doubt = expiryDoubt(places, options.expiryDays, github?.here, [...stores.values()]);
  if (doubt !== undefined && options.expiry === 'outlive')
    throw new InputError(`${doubt.what}, which \`expiry: outlive\` does not allow`, doubt.hint);
  const seal = await sealerFor(places, options);
  const made: Publisher[] = [];
  for (const place of places) {
    const store = stores.get(place);
    if (store !== undefined) made.push(inStore(store, options, seal));
    else if (place.kind !== 'store') made.push(await open(place, options, seal));
  }
  if (doubt !== undefined && options.expiry === 'warn') options.warn(`${doubt.what}. ${doubt.hint}`);
  return made;
}

/** @throws InputError for an unsupported place, or one that only a workflow has */
export function publishPlace(name: string, inWorkflow: boolean): PlaceName {
  const place = parsePlace(name);
  if (place === undefined)
    throw new InputError(
      `\`publish\` is ${shownPlace(name)}`,
      inWorkflow ? 'Use artifact, release, store or directory:PATH.' : OFF_GITHUB,
    );
  if (place.kind === 'store' && place.name !== undefined) parseStore(place.name, 'publish');
  if (isOnGitHub(place) && !inWorkflow)
    throw new InputError(`publish: ${name} works only in a workflow on GitHub`, OFF_GITHUB);
  return place;
}

const OFF_GITHUB = 'Use store or directory:PATH.';

/** Opens the stores. @throws InputError if two are the same */
async function storesAmong(
  places: readonly PlaceName[],
  { store }: PublishOptions,
): Promise<ReadonlyMap<PlaceName, Place>> {
  const stores = new Map<PlaceName, Place>();
  for (const place of places) {
    if (place.kind !== 'store') continue;
    const opened = await store(place.name);
    if ([...stores.values()].some(({ name }) => name === opened.name))
      throw new InputError(`\`publish\` names the store ${opened.name} twice`, 'Name it once.');
    stores.set(place, opened);
  }
  return stores;
}

function checkInputs(places: readonly PlaceName[], { releaseTag }: PublishOptions): void {
  const has = (kind: PlaceName['kind']) => places.some((place) => place.kind === kind);
  for (const kind of ['artifact', 'release'] as const)
    if (places.filter((place) => place.kind === kind).length > 1)
      throw new InputError(`\`publish\` names ${kind} twice`, 'Name it once.');
  if (releaseTag !== undefined && !has('release'))
    throw new InputError(
      '`release-tag` is for `publish: release`',
      'Leave it out, or add release to `publish`.',
    );
}

/** Seals what goes to GitHub or a store if `recipients` are given; in a public repository they must be. */
async function sealerFor(
  places: readonly PlaceName[],
  { github, recipients, warn }: PublishOptions,
): Promise<Sealer | undefined> {
  const seal = recipients.length > 0 ? await sealer(recipients) : undefined;
  const onGitHub = places.find(isOnGitHub);
  if (github === undefined || onGitHub === undefined) return seal;
  if (!(await github.repository()).isPublic) return seal;
  if (seal === undefined)
    throw new InputError(
      `publish: ${onGitHub.kind} would show the manifest to everybody: ${github.here.repository} is public`,
      'Give `recipients` to seal it (age-keygen makes a key pair), or publish to a directory. Nothing was changed.',
    );
  warn(
    `${github.here.repository} is public, and so is this log: anyone can read the names and ids of what is saved. The manifest is sealed`,
  );
  return seal;
}

async function open(
  place: Exclude<PlaceName, { kind: 'store' }>,
  options: PublishOptions,
  seal: Sealer | undefined,
): Promise<Publisher> {
  if (place.kind === 'directory') return directoryPublisher(place.path, options);
  const { github } = options;
  if (github === undefined) throw new TypeError(`${place.kind} without GitHub`);
  if (place.kind === 'artifact')
    return artifactPublisher(github, { ...options, sealer: seal, days: options.expiryDays });
  const { run, releaseTag } = options;
  const given = releaseTag === undefined ? undefined : checkTag(releaseTag);
  return releasePublisher(github, {
    ...options,
    sealer: seal,
    given,
    tagOf: (started) => TAG_PREFIX + directoryName(run.id, started),
  });
}

function inStore(
  place: Place,
  { run, signKey, github }: PublishOptions,
  seal: Sealer | undefined,
): Publisher {
  return storePublisher(place, {
    signKey,
    sealer: seal,
    vanishes: isDirectory(place.name) && github?.here.vanishes === true,
    nameOf: (started) => directoryName(run.id, started),
  });
}

function directoryPublisher(path: string, { directory, run, signKey, github }: PublishOptions): Publisher {
  let made: DirectoryWriter | undefined;
  const writer = (): DirectoryWriter => {
    if (made === undefined) throw new TypeError(`directory:${path} was not prepared`);
    return made;
  };
  return {
    lasts: github?.here.vanishes === true ? 'never' : 'at once',
    prepare: async (started) => {
      made = new DirectoryWriter(resolve(directory, path, directoryName(run.id, started)), signKey);
      await made.prepare();
    },
    keep: async (entries, manifest) => writer().keep(entries, manifest),
    finish: async (manifest) => writer().finish(manifest),
  };
}

/** A unique name that sorts by time: "20261123T012228Z-5f2c9a01". */
function directoryName(id: string, started: string): string {
  return `${started.replace(/[-:]|\.\d+/g, '')}-${id.slice(0, 8)}`;
}
