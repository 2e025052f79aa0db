import { choosePoint } from '../catalog/choose.ts';
import { duration } from '../clock.ts';
import { cloudInputs } from '../inputs/cloud.ts';
import { keptOutput, manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Values } from '../inputs/table.ts';
import { quotaSentence } from '../plan/quota.ts';
import { type ImagePlan, planImage } from '../restore/image/plan.ts';
import { bringBackImage } from '../restore/image/restore.ts';
import type { Context, Outcome } from '../run/context.ts';
import { makingRoom } from '../run/room.ts';
import { restoringStore } from '../run/storing.ts';
import { sweep } from '../temporaries/sweep.ts';
import { bytes, GIB } from '../text/bytes.ts';
import { forMarkdown, quoted } from '../text/escape.ts';
import { defineCommand } from './command.ts';
import {
  called,
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
  image: {
    kind: 'text',
    placeholder: 'IMAGE',
    description: "Which of the manifest's images, by name or id; not needed where it has only one.",
  },
  ...storeInputs,
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored image, if not the recorded one.',
  },
  wrap: {
    kind: 'choice',
    choices: ['auto', 'never'],
    default: 'auto',
    description:
      'Some disks are refused by the Glance of today as `raw`: LUKS 2, and boot sectors without a table of partitions. `auto` asks the cloud, and stores such a disk inside a qcow2.',
  },
} as const satisfies Inputs;

const outputs = {
  'image-id': { description: 'The id of the restored image, always a new one.' },
  'secret-id': { description: 'The id of its key, a new one too; empty where it is not encrypted.' },
  missing: { description: 'JSON: what is otherwise than it was, a list in words.' },
  ...keptOutput,
  report: { description: 'JSON: {image, name, source, size, format, key, seconds}.' },
} as const;

export const restoreImage = defineCommand({
  name: 'restore-image',
  summary: 'Restore an image with all that was saved of it, and its key where it is encrypted.',
  inputs,
  outputs,
  run,
});

async function run(context: Context, given: Values<typeof inputs>): Promise<Outcome<typeof outputs>> {
  const { host } = context;
  const reader = restoringStore(context, given);
  const manifest = await trustedManifest(context, given.manifest, given, 'image', given.image);
  const point = choosePoint(manifest, 'image', given.image);

  const session = await context.connect(given);
  compareClouds(context, manifest, session, given);
  const { plan } = await makingRoom(session, host, context.dryRun, () =>
    planImage(session, reader, manifest, point, given),
  );
  tellPlan(context, plan);
  await sweep(session, host, context.dryRun);
  if (context.dryRun) return { outputs: {}, failed: false };

  const started = host.clock.now();
  const bar = host.progress.start('uploading', { items: 1, gigabytes: plan.payload.size / GIB });
  try {
    const { image, name, secretId, missing, undone } = await bringBackImage(
      plan,
      reader,
      { session, run: context.ledger(session) },
      (count) => bar.advance(0, count / GIB),
    );
    bar.advance(1, 0);
    const seconds = (host.clock.now() - started) / 1000;
    const kept = { kind: 'image', id: image.id, name } as const;
    if (undone.length > 0) tellUndone(context, kept, undone, byHand(image.id));
    else host.log.info(`${called(kept)} is restored after ${seconds.toFixed(1)} s`);
    for (const what of missing) host.log.warn(`not as it was: ${what}`);
    const report = {
      image: image.id,
      name: plan.name,
      source: plan.saved.id,
      size: plan.payload.size,
      format: image.diskFormat ?? null,
      key: secretId ?? null,
      seconds,
    };
    return {
      outputs: {
        'image-id': image.id,
        'secret-id': secretId ?? '',
        missing: JSON.stringify(missing),
        ...(undone.length > 0 ? { kept: JSON.stringify([kept]) } : {}),
        report: JSON.stringify(report),
      },
      failed: undone.length > 0,
      failure: KEPT_FAILURE,
      summary: summaryOf(report, missing, undone),
    };
  } finally {
    bar.finish();
  }
}

function byHand(id: string): string {
  return `Set it with openstack image set … ${id}, as RESTORE.md beside the manifest shows; a new restore makes a second image.`;
}

function tellPlan({ host }: Context, { name, payload, diskFormat, key, doubt, quota }: ImagePlan): void {
  const encrypted =
    key === undefined ? '' : `, encrypted: its key ${key.saved.id} opens the data, and becomes a new secret`;
  const after = quota.length === 0 ? '' : `; ${quotaSentence(quota)}`;
  host.log.info(
    `a new image ${quoted(name)}, ${bytes(payload.size)}, ${diskFormat}${encrypted}, from ${payload.name}${after}`,
  );
  if (doubt !== undefined)
    host.log.warn(
      `Glance since 2025.1 refuses such data as it is: ${doubt}. The cloud is asked before it is uploaded, and a raw disk then stored inside a qcow2`,
    );
}

function summaryOf(
  report: {
    image: string;
    name: string;
    size: number;
    format: string | null;
    key: string | null;
    seconds: number;
  },
  missing: readonly string[],
  undone: readonly string[],
): string {
  return [
    `### Image ${forMarkdown(report.name)} restored${undone.length > 0 ? ', and not all that belongs to it' : ''}`,
    '',
    '| image | size | format | key | took |',
    '|---|---|---|---|---|',
    `| ${report.image} | ${bytes(report.size)} | ${forMarkdown(report.format ?? '')} | ${report.key ?? ''} | ${duration(report.seconds * 1000)} |`,
    ...missingList(missing),
    ...undoneList(undone),
  ].join('\n');
}
