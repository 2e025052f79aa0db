import { shareOf } from '../../ports/share.ts';
import { GIB } from '../../text/bytes.ts';
import type { RestoringKind } from '../kind.ts';
import { chooseImage, type ImageChoice, type ImageRestoreWishes } from './choose.ts';
import { type ImageRestorePlan, planImage } from './plan.ts';
import { type RestoredImage, restoreImage } from './restore.ts';
import { type ImageOutput, plannedImage, showImage, tellImage } from './show.ts';

export const imageRestoring: RestoringKind<
  ImageRestoreWishes,
  ImageChoice,
  ImageRestorePlan,
  RestoredImage,
  ImageOutput
> = {
  kind: 'image',
  wanted: ({ image }) => image,
  choose: chooseImage,
  plan: planImage,
  show: showImage,
  planned: plannedImage,
  amountOf: ({ payload }) => ({ doing: 'uploading', items: 1, gigabytes: payload.size / GIB }),
  async restore(environment, plan, store, to) {
    const share = shareOf(plan.payload.size / GIB, to);
    const restored = await restoreImage(environment, plan, store, share.onBytes);
    share.done();
    return restored;
  },
  tell: tellImage,
};
