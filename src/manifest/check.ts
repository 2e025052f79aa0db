import { Consistent } from './contradictions.ts';
import { LARGEST_MANIFEST, schemas } from './parse.ts';
import type { RestorePoint, SavedFailure } from './schema.ts';

/** Room for everything but the restore points: the run, the cloud and the brackets. */
const REST = 1024 * 1024;

/**
 * Checks each restore point before it goes into a manifest, so that one odd resource fails alone and whatever is
 * written can be read again.
 */
export class ManifestCheck {
  readonly #consistent = new Consistent();
  #schemas: ReturnType<typeof schemas> | undefined;
  #left = LARGEST_MANIFEST - REST;

  /** @returns why the manifest could not be read with it; undefined: it counts from now on */
  async refuse(point: RestorePoint): Promise<string | undefined> {
    this.#schemas ??= schemas();
    const { problemOf } = await this.#schemas;
    const said = problemOf(point);
    if (said !== undefined) return `${said.instancePath} ${said.message}`;
    const size = sizeOf(point);
    if (size > this.#left) return 'the manifest would be too large to read back';
    const contradiction = this.#consistent.add(point);
    if (contradiction === undefined) this.#left -= size;
    return contradiction;
  }

  /** The failure, cut to fit; undefined if the manifest is full, since the failure was reported anyway. */
  fitted({ kind, id, name, error, cause }: SavedFailure): SavedFailure | undefined {
    const failure = {
      kind,
      id: id.slice(0, 255),
      name: name.slice(0, 255),
      error: error.slice(0, 4096),
      ...(cause === undefined ? {} : { cause }),
    };
    const size = sizeOf(failure);
    if (size > this.#left) return undefined;
    this.#left -= size;
    return failure;
  }
}

/** Bytes in the manifest, with its indentation and a comma. */
function sizeOf(item: object): number {
  return Buffer.byteLength(JSON.stringify({ list: [item] }, undefined, 2));
}
