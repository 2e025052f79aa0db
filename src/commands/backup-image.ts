import { selectImages, visibleImages } from '../backup/image/choose.ts';
import { preflight } from '../backup/image/plan.ts';
import { saveImage } from '../backup/image/save.ts';
import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import { packInputs } from '../inputs/store.ts';
import type { Inputs, Values } from '../inputs/table.ts';
import type { Image } from '../openstack/image/v2/images.ts';
import type { PayloadStore } from '../payload/store.ts';
import { parseSelectors } from '../plan/select.ts';
import type { Context, Outcome } from '../run/context.ts';
import { sweep } from '../temporaries/sweep.ts';
import { bytes, GIB } from '../text/bytes.ts';
import { quoted } from '../text/escape.ts';
import { defineCommand } from './command.ts';
import { openPlaces } from './publishing.ts';
import { failed, finishSaving, type Saving, saveEach, startSaving } from './saving.ts';
import { savingStore } from './storing.ts';

const inputs = {
  ...cloudInputs,
  images: {
    kind: 'list',
    required: true,
    placeholder: 'IMAGE',
    description:
      'What to save, one a line or separated by commas: ids, names, `metadata:KEY=VALUE` (of its properties), `name:PATTERN` with `*`, or `all` of the project.',
  },
  ...packInputs,
  concurrency: {
    kind: 'integer',
    default: '2',
    min: 1,
    max: 100,
    description: 'Images that are downloaded at the same time.',
  },
  ...savingInputs,
} as const satisfies Inputs;

export const backupImage = defineCommand({
  name: 'backup-image',
  summary: 'Download images with all that Glance knows of them, and the keys of encrypted ones.',
  inputs,
  outputs: savingOutputs,
  run,
});

async function run(context: Context, given: Values<typeof inputs>): Promise<Outcome<typeof savingOutputs>> {
  const { host } = context;
  const selectors = parseSelectors('image', given.images);
  const places = await openPlaces(context, given);
  const payloads = await savingStore(context, given);

  const session = await context.connect(given);
  const started = new Date(session.clock.now()).toISOString();
  const all = await visibleImages(session);
  const chosen = selectors.flatMap((selector) => selectImages(selector, all, session.scope.project.id));
  const images = [...new Set(chosen)];
  const plan = await preflight(session, images, payloads);
  tellPlan(context, plan.images, payloads);
  for (const { error } of plan.refused) host.log.warn(error.message);
  if (context.dryRun) {
    await sweep(session, host, true);
    return { outputs: {}, failed: plan.refused.length > 0 };
  }

  for (const place of places) await place.prepare(started);
  await payloads.prepare();
  await sweep(session, host, false);
  const saving = startSaving(context, session, places, payloads, started, given.deadline);
  for (const { image, error } of plan.refused) failed(saving, subjectOf(image), error);
  const { until } = saving;
  const tools = { session, payloads, clock: session.clock, signal: host.signal, until };
  const jobs = plan.images.map((image) => ({
    subject: subjectOf(image),
    gigabytes: (image.size ?? 0) / GIB,
    save: async (advance: (gigabytes: number) => void) => {
      const { points } = await saveImage(image, tools, (count) => advance(count / GIB));
      for (const point of points) await saving.record.add(point);
      tellSaved(saving, image, points);
    },
  }));
  await saveEach(saving, 'downloading', jobs, given.concurrency);
  return finishSaving(saving, []);
}

function subjectOf({ id, name }: Image) {
  return { kind: 'image', id, name } as const;
}

function tellPlan(
  { host }: Context,
  images: readonly Image[],
  { place, compression, sealed }: PayloadStore,
): void {
  for (const { id, name, size, diskFormat } of images)
    host.log.info(`image ${quoted(name)} (${id}), ${bytes(size ?? 0)}, ${diskFormat ?? 'no format'}`);
  const packed = [compression === 'zstd' ? 'compressed' : '', sealed ? 'sealed' : '']
    .filter((word) => word !== '')
    .join(' and ');
  host.log.info(`the data goes to ${place}${packed === '' ? '' : `, ${packed}`}`);
  if (!sealed && images.length > 0)
    host.log.warn('without `recipients` the data lies there in clear, for everybody who can read that place');
}

function tellSaved(
  { context: { host } }: Saving,
  { id, name }: Image,
  points: Awaited<ReturnType<typeof saveImage>>['points'],
): void {
  for (const { payload, seconds, resource } of points)
    host.log.info(
      resource.kind === 'secret'
        ? `key ${resource.id} of image ${quoted(name)} is sealed, and opens its data`
        : `image ${quoted(name)} (${id}) is saved: ${bytes(payload.size)}, stored as ${bytes(payload.stored.size)}, after ${seconds.toFixed(1)} s`,
    );
}
