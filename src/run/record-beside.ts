import { randomUUID } from 'node:crypto';
import { workflowFile } from '../catalog/github/provenance.ts';
import type { Manifest } from '../manifest/schema.ts';
import { placesBeside } from '../publish/beside.ts';
import { ManifestRecord } from '../publish/record.ts';
import { TOOL } from '../version.ts';
import type { Context } from './context.ts';
import { namedPlace, type StoreGiven } from './places/storing.ts';
import { openPlaces, publishedOutputs } from './publishing.ts';

interface RecordGiven extends StoreGiven {
  readonly publish: readonly string[];
  readonly recipients: readonly string[];
  readonly 'sign-key': string | undefined;
  readonly workflow: string | undefined;
}

export interface RecordBeside {
  /** Where it goes, as `publish` names it. */
  readonly places: readonly string[];
  readonly record: ManifestRecord;
  /**
   * @param finished ISO 8601
   * @returns the manifest, as a restore names it; undefined if a place did not take it, which was logged
   */
  publish(finished: string): Promise<string | undefined>;
}

/**
 * A manifest that says something of the points of others: it goes where theirs are, unless `publish` names places.
 * Checks that they take it.
 *
 * @param references the manifests of those points, as a restore names them
 * @param started ISO 8601
 * @throws InputError
 */
export async function recordBeside(
  context: Context,
  given: RecordGiven,
  cloud: Manifest['cloud'],
  references: readonly string[],
  started: string,
): Promise<RecordBeside> {
  const publish =
    given.publish.length > 0
      ? given.publish
      : placesBeside(references, (await knownStore(context, given, references))?.name);
  // Needs its own id: a run that saves and prunes already has a manifest.
  const run = { id: randomUUID() };
  const recording = { ...given, publish, expiry: 'any', 'expiry-days': 0, 'release-tag': undefined } as const;
  const publishers = await openPlaces(context, recording, run);
  warnOfWorkflow(context, given, publish);
  const { log } = context.host;
  const record = new ManifestRecord(
    { publishers, keep: async () => undefined, warn: (line) => log.warn(line) },
    cloud,
    { id: run.id, tool: TOOL, started, finished: null },
  );
  return {
    places: publish,
    record,
    async publish(ended) {
      context.windUp();
      for (const place of publishers) await place.prepare(started);
      const finished = await record.finish(ended);
      const { manifest } = publishedOutputs(context, finished);
      return finished.failures.length > 0 || !finished.lasts ? undefined : manifest;
    },
  };
}

/** Opened only where a manifest may be in it. */
async function knownStore(context: Context, given: RecordGiven, references: readonly string[]) {
  return references.every((reference) => /^(artifact|release):/.test(reference))
    ? undefined
    : namedPlace(context, given);
}

/** Only one workflow's runs are searched for artifacts. */
function warnOfWorkflow({ host }: Context, { workflow }: RecordGiven, publish: readonly string[]): void {
  const own = host.github?.here.workflow;
  if (workflow === undefined || own === undefined || !publish.includes('artifact')) return;
  if (workflowFile(workflow) === workflowFile(own)) return;
  host.log.warn(
    `the record is an artifact of ${workflowFile(own)}: a run that looks in ${workflowFile(workflow)} will not find it. Use \`publish: release\`, or run this in that workflow`,
  );
}
