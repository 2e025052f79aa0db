import { withHint } from '../errors.ts';
import type { publishInputs, publishOutputs } from '../inputs/publish.ts';
import type { Values } from '../inputs/table.ts';
import { signingKey } from '../manifest/sign.ts';
import { publishers } from '../publish/publish.ts';
import type { Published, Publisher } from '../publish/publisher.ts';
import type { Finished } from '../publish/record.ts';
import type { Context } from './context.ts';
import { type StoreGiven, storeOpener } from './places/storing.ts';

/**
 * Opens the places that the inputs name, and checks that they take a manifest. Changes nothing yet.
 *
 * @param run names the manifest, so no two may share it
 * @throws InputError
 */
export function openPlaces(
  context: Context,
  given: Values<typeof publishInputs> & StoreGiven,
  run: { readonly id: string } = context.host.run,
): Promise<Publisher[]> {
  const { host } = context;
  return publishers(given.publish, {
    directory: host.directory,
    run: { id: run.id },
    store: storeOpener(context, given, 'publish'),
    signKey: given['sign-key'] === undefined ? undefined : signingKey(given['sign-key']),
    github: host.github,
    recipients: given.recipients,
    releaseTag: given['release-tag'],
    expiryDays: given['expiry-days'],
    expiry: given.expiry,
    warn: (line) => host.log.warn(line),
  });
}

/** The outputs about publishing. Also logs what failed. */
export function publishedOutputs(
  { host }: Context,
  { published, failures }: Finished,
): Partial<Record<keyof typeof publishOutputs, string>> {
  for (const failure of failures) host.log.error(`the manifest was not published: ${withHint(failure)}`);
  const first: Published | undefined = published[0];
  const artifactId = published.find((place) => place.artifactId !== undefined)?.artifactId;
  const releaseUrl = published.find((place) => place.releaseUrl !== undefined)?.releaseUrl;
  return {
    manifest: first?.path ?? '',
    'manifest-sha256': first?.sha256 ?? '',
    ...(artifactId === undefined ? {} : { 'artifact-id': String(artifactId) }),
    ...(releaseUrl === undefined ? {} : { 'release-url': releaseUrl }),
  };
}
