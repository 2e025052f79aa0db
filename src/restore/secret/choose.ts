import { choosePoint, everyPoint } from '../../catalog/choose.ts';
import { InputError } from '../../errors.ts';
import type { Manifest, SecretPoint } from '../../manifest/schema.ts';

export interface SecretRestoreWishes {
  /** Secrets of the manifest, by id or name; none: all. */
  readonly secrets: readonly string[];
  /** For one secret only. Default: the recorded name. */
  readonly name: string | undefined;
}

export interface SecretChoice {
  readonly manifest: Manifest;
  /** Each once. */
  readonly points: readonly SecretPoint[];
}

/** @throws InputError that lists what the manifest has */
export function chooseSecrets(manifest: Manifest, { secrets, name }: SecretRestoreWishes): SecretChoice {
  const points =
    secrets.length === 0
      ? everyPoint(manifest, 'secret')
      : secrets.map((wanted) => choosePoint(manifest, 'secret', wanted));
  if (name !== undefined && points.length > 1)
    throw new InputError(
      `\`name\` is for one secret, but ${points.length} are selected`,
      'Choose one with `secrets`.',
    );
  return { manifest, points: [...new Set(points)] };
}
