import type { KeyObject } from 'node:crypto';
import { InputError } from '../../errors.ts';
import type { Sealer } from '../../keys/age.ts';
import type { Files, GitHub, Release, Releases } from '../../ports/github.ts';
import { toMinute } from '../../text/words.ts';
import type { Publisher } from '../publisher.ts';
import { type Pending, Spool } from './pending.ts';

/** Every release of ours has this prefix unless a tag was given; `latest` looks for it. */
export const TAG_PREFIX = 'openstack-backup/';

/** What git allows in a ref, minus what some tools need quoted: https://git-scm.com/docs/git-check-ref-format */
const TAG = /^[A-Za-z0-9][A-Za-z0-9._+-]*(\/[A-Za-z0-9][A-Za-z0-9._+-]*)*$/;

/** @throws InputError for an unsupported tag */
export function checkTag(tag: string): string {
  if (tag.length > 200 || !TAG.test(tag) || tag.includes('..') || /\.(lock)?(\/|$)/.test(tag))
    throw new InputError(
      '`release-tag` is not a valid Git tag',
      'Use letters, digits and . _ + - with / between, such as backups/db-1; or leave it out.',
    );
  return tag;
}

/** @throws InputError if the tag has a release already: a release may be immutable, so it is made once */
export async function checkFree({ releases }: GitHub, tag: string): Promise<void> {
  if ((await releases.byTag(tag)) === undefined) return;
  throw new InputError(
    `release ${tag} already exists`,
    'Leave `release-tag` out, or make it different for each run, with github.run_id and github.run_attempt.',
  );
}

/**
 * Publishes the manifest as a release. Immutable releases take no asset once published, so the draft comes first: it
 * also shows, before anything is touched, that this step may make one.
 */
export async function releasePublisher(
  github: GitHub,
  options: {
    readonly signKey: KeyObject | undefined;
    readonly sealer: Sealer | undefined;
    /** The tag that was asked for; if there is none, the tag is made from the run's start. */
    readonly given: string | undefined;
    tagOf(started: string): string;
  },
): Promise<Publisher> {
  const { given } = options;
  if (given !== undefined) await checkFree(github, given);
  const spool = new Spool(await github.scratch(), 'release', options.signKey, options.sealer);
  let draft: { readonly id: number; readonly tag: string } | undefined;
  return {
    lasts: 'when published',
    async prepare(started) {
      const tag = given ?? options.tagOf(started);
      const title = `Backup of ${toMinute(Date.parse(started))}`;
      const { id } = await github.releases.draft(tag, title, TEXT);
      draft = { id, tag };
      const pending: Pending = { place: 'release', release: id, tag, file: spool.file };
      github.remember('pending-release', JSON.stringify(pending));
    },
    keep: (entries, manifest) => spool.keep(entries, manifest),
    async finish(manifest) {
      if (draft === undefined) throw new TypeError('the release was not prepared');
      const { id, tag } = draft;
      const { files, sha256 } = await spool.write(manifest);
      const { url } = await publishFiles(github.releases, id, files);
      github.remember('pending-release', '');
      await spool.remove();
      return { path: `release:${tag}`, sha256, releaseUrl: url };
    },
  };
}

const TEXT = [
  'A manifest of openstack-backup: what a run saved, and where it is.',
  'It holds no data and no key in clear. Restore from it with `restore-volume`, `manifest: release:TAG`.',
].join('\n');

/** Adds what a draft lacks, and publishes it: call it again if it was cut short. */
export async function publishFiles(releases: Releases, id: number, files: Files): Promise<Release> {
  const release = await releases.get(id);
  if (!release.draft) return release;
  const there = new Set(release.assets.map(({ name }) => name));
  for (const [name, bytes] of Object.entries(files))
    if (!there.has(name)) await releases.attach(id, name, bytes);
  return releases.publish(id);
}
