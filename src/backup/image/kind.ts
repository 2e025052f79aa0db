import type { Image } from '../../openstack/image/v2/images.ts';
import { GIB } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import type { SavingKind } from '../kind.ts';
import { chooseImages } from './choose.ts';
import { conversionOf } from './conversion.ts';
import { type ImageBackupPlan, type ImageBackupWishes, planImages, sizeOf } from './plan.ts';
import { saveImage } from './save.ts';
import { plannedImage, showImages, toldImage } from './show.ts';

export const images: SavingKind<ImageBackupWishes, ImageBackupPlan> = {
  doing: 'downloading',
  adopts: false,
  async plan(session, { selectors, payloads, raw }) {
    const chosen = await chooseImages(session, selectors);
    const planned = await planImages(session, chosen, payloads);
    return {
      holdings: undefined,
      wanted: planned.images.map((image) => ({
        what: { image, conversion: raw ? conversionOf(image) : undefined },
        savedAt: undefined,
        parts: [],
        meanwhile: {},
      })),
      refused: planned.refused.map(({ image, error }) => ({ subject: subjectOf(image), error })),
    };
  },
  subjectOf: ({ image }) => subjectOf(image),
  gigabytesOf: (plan) => sizeOf(plan) / GIB,
  show: showImages,
  planned: plannedImage,
  refusal: ({ id, name }) => `${quoted(name)} (${id}) cannot be saved`,
  async begin(environment, { payloads, raw }) {
    return async function* save({ image }, onBytes) {
      const { points } = await saveImage(image, environment, payloads, { onBytes, raw });
      yield* points;
    };
  },
  told: toldImage,
};

function subjectOf({ id, name }: Image) {
  return { kind: 'image', id, name } as const;
}
