import type { ImageWishes } from '../restore/image/choose.ts';
import { images } from '../restore/image/kind.ts';
import type { Context } from './context.ts';
import { type RestoringGiven, restore } from './restoring.ts';
import { restoringStore } from './storing.ts';

type Given = RestoringGiven & ImageWishes;

export async function restoreGivenImage(context: Context, given: Given) {
  return restore(context, images, given, given, restoringStore(context, given));
}
