import { choosePoint, everyPoint } from '../catalog/choose.ts';
import { InputError, messageOf, PlainError } from '../errors.ts';
import { cloudInputs } from '../inputs/cloud.ts';
import { manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Values } from '../inputs/table.ts';
import type { SecretPoint } from '../manifest/schema.ts';
import type { Session } from '../openstack/connection.ts';
import type { PayloadStore } from '../payload/store.ts';
import { pool } from '../pool.ts';
import { lateStep } from '../restore/late.ts';
import { type SecretRequest, secretRequest } from '../restore/secret/plan.ts';
import { openKey, restoreSecret as restoreOne } from '../restore/secret/restore.ts';
import type { Context, Outcome } from '../run/context.ts';
import { restoringStore } from '../run/storing.ts';
import { sweep } from '../temporaries/sweep.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import { defineCommand } from './command.ts';
import {
  compareClouds,
  KEPT_FAILURE,
  missingList,
  tellUndone,
  trustedManifest,
  undoneList,
} from './restoring.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  manifest: { ...manifestInputs.manifest, required: true },
  secrets: {
    kind: 'list',
    placeholder: 'SECRET',
    description: "Which of the manifest's keys, by id or name. If not said, all of them.",
  },
  ...storeInputs,
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored secret, if not the recorded one; for one only.',
  },
} as const satisfies Inputs;

const outputs = {
  'secret-id': {
    description: 'The id of the restored secret, always a new one; of the first where there are several.',
  },
  secrets: { description: 'JSON: the new ids by the old ones, {"OLD": "NEW"}.' },
  missing: { description: 'JSON: what is otherwise than it was, a list in words.' },
} as const;

export const restoreSecret = defineCommand({
  name: 'restore-secret',
  summary: 'Restore keys to Barbican from a manifest and the age identity that opens them.',
  inputs,
  outputs,
  run,
});

/** A key that is opened and can be restored. */
interface Job {
  readonly point: SecretPoint;
  readonly request: SecretRequest;
  readonly bytes: Buffer;
}

async function run(context: Context, given: Values<typeof inputs>): Promise<Outcome<typeof outputs>> {
  const { host } = context;
  const reader = restoringStore(context, given);
  const manifest = await trustedManifest(context, given.manifest, given, 'secret', given.secrets[0]);
  const all = given.secrets.length === 0 ? everyPoint(manifest, 'secret') : undefined;
  const points = all ?? given.secrets.map((wanted) => choosePoint(manifest, 'secret', wanted));
  if (given.name !== undefined && points.length > 1)
    throw new InputError(
      `\`name\` is for one secret, and ${points.length} are to be restored`,
      'Choose one with `secrets`.',
    );

  const session = await context.connect(given);
  compareClouds(context, manifest, session, given);
  const wishes = { name: given.name, sameProject: manifest.cloud.project.id === session.scope.project.id };
  const jobs = await opened(session, reader, [...new Set(points)], wishes);
  for (const { point, request } of jobs)
    host.log.info(
      `a new secret ${quoted(request.secret.name ?? '')} for ${point.resource.id}, from ${point.payload.name}`,
    );
  await sweep(session, host, context.dryRun);
  if (context.dryRun) return { outputs: {}, failed: false };

  const { restored, undone } = await restoreAll(context, session, jobs);
  const missing = jobs.flatMap(({ point, request }) =>
    request.missing.map((what) => `secret ${point.resource.id}: ${what}`),
  );
  for (const what of missing) host.log.warn(`not as it was: ${what}`);
  return {
    outputs: {
      'secret-id': [...restored.values()][0] ?? '',
      secrets: JSON.stringify(Object.fromEntries(restored)),
      missing: JSON.stringify(missing),
    },
    failed: restored.size < jobs.length || undone.length > 0,
    failure: KEPT_FAILURE,
    summary: [summaryOf(jobs, restored, missing), ...undoneList(undone)].join('\n'),
  };
}

/** All keys are opened before the first is restored. */
async function opened(
  session: Session,
  reader: PayloadStore,
  points: readonly SecretPoint[],
  wishes: { readonly name: string | undefined; readonly sameProject: boolean },
): Promise<Job[]> {
  const now = session.clock.now();
  return pool(points, 4, async (point) => ({
    point,
    request: secretRequest(point.resource, wishes, now),
    bytes: await openKey(session, reader, point),
  }));
}

/** The new ids by the old ones. One that fails is told, and the others go on. */
async function restoreAll(
  context: Context,
  session: Session,
  jobs: readonly Job[],
): Promise<{ readonly restored: ReadonlyMap<string, string>; readonly undone: readonly string[] }> {
  const { host } = context;
  const undone: string[] = [];
  const restored = new Map<string, string>();
  await pool(jobs, 4, async ({ point, request, bytes }) => {
    const { id } = point.resource;
    try {
      const run = context.ledger(session);
      const secret = await restoreOne(session, request, bytes, run.draft('result', 0), run);
      restored.set(id, secret.id);
      const failed: string[] = [];
      if (await lateStep(session, failed, 'its metadata', secret.settle)) {
        host.log.info(`secret ${id} is restored as ${secret.id}`);
        return;
      }
      const { name = '' } = request.secret;
      tellUndone(context, { kind: 'secret', id: secret.id, name }, failed, BY_HAND);
      undone.push(...failed.map((what) => `secret ${secret.id}: ${what}`));
    } catch (error) {
      if (!(error instanceof PlainError)) throw error;
      host.log.error(`secret ${id} is not restored: ${messageOf(error)}. ${error.hint ?? ''}`);
    }
  });
  return { restored, undone };
}

const BY_HAND =
  'The openstack client cannot set it: use it as it is, or restore it once more and delete this one.';

function summaryOf(
  jobs: readonly Job[],
  restored: ReadonlyMap<string, string>,
  missing: readonly string[],
): string {
  return [
    `### ${restored.size} of ${jobs.length} secrets restored`,
    '',
    '| name | was | is now |',
    '|---|---|---|',
    ...jobs.map(
      ({ point: { resource }, request }) =>
        `| ${forMarkdown(request.secret.name ?? '')} | ${resource.id} | ${restored.get(resource.id) ?? '**failed**'} |`,
    ),
    ...missingList(missing),
  ].join('\n');
}
