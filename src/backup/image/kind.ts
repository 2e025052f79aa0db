import type { Image } from '../../openstack/image/v2/images.ts';
import { GIB } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import type { SavingKind } from '../kind.ts';
import { chooseImages } from './choose.ts';
import { type ImageBackupWishes, planImages } from './plan.ts';
import { saveImage } from './save.ts';
import { plannedImage, showImages, toldImage } from './show.ts';

export const images: SavingKind<ImageBackupWishes, Image> = {
  doing: 'downloading',
  adopts: false,
  async plan(session, { selectors, payloads }) {
    const chosen = await chooseImages(session, selectors);
    const planned = await planImages(session, chosen, payloads);
    return {
      holdings: undefined,
      wanted: planned.images.map((image) => ({ what: image, savedAt: undefined, parts: [], meanwhile: {} })),
      refused: planned.refused.map(({ image, error }) => ({ subject: subjectOf(image), error })),
    };
  },
  subjectOf,
  gigabytesOf: ({ size }) => (size ?? 0) / GIB,
  show: showImages,
  planned: plannedImage,
  refusal: ({ id, name }) => `${quoted(name)} (${id}) cannot be saved`,
  async begin(environment, { payloads }) {
    return async function* save(image, onBytes) {
      const { points } = await saveImage(image, environment, payloads, onBytes);
      yield* points;
    };
  },
  told: toldImage,
};

function subjectOf({ id, name }: Image) {
  return { kind: 'image', id, name } as const;
}
