import { images } from '../backup/image/kind.ts';
import type { packInputs, rawInputs } from '../inputs/store.ts';
import type { Values } from '../inputs/table.ts';
import { tagsOf } from '../inputs/tag.ts';
import { parseSelectors } from '../plan/select.ts';
import type { Context } from './context.ts';
import { savingStore } from './places/storing.ts';
import { type SavingGiven, save } from './saving/saving.ts';

type Given = SavingGiven &
  Values<typeof packInputs & typeof rawInputs> & { readonly images: readonly string[] };

export async function backupImages(context: Context, given: Given) {
  const selectors = parseSelectors('image', given.images);
  const tags = tagsOf(given);
  const payloads = await savingStore(context, given);
  return save(context, images, given, { selectors, payloads, tags, raw: given.raw });
}
