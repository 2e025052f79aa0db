import type { ImageRestoreWishes } from '../restore/image/choose.ts';
import { imageRestoring } from '../restore/image/kind.ts';
import type { Context } from './context.ts';
import { restoringStore } from './places/storing.ts';
import { type RestoringGiven, restore } from './restoring.ts';

type Given = RestoringGiven & ImageRestoreWishes;

export async function restoreGivenImage(context: Context, given: Given) {
  return restore(context, imageRestoring, given, given, await restoringStore(context, given));
}
