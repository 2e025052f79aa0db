import type { Environment } from '../environment.ts';
import { OperationError, type PlainError } from '../errors.ts';
import type { ImageSubject } from './image.ts';
import type { SecretSubject } from './secret.ts';
import type { VolumeSubject } from './volume.ts';

/** How a drill restores restore points, which are given by their ids. Undefined: as their own commands do. */
export interface Way {
  volume(point: string): VolumeSubject['fill'];
  image(point: string): ImageSubject['fill'];
  secret(point: string): SecretSubject['fill'];
  /** Of an image that stayed in the cloud. */
  kept(point: string): ((environment: Environment) => Promise<void>) | undefined;
  /** Says what is to blame for an error, if that is only the way: {@link WayFailed}. */
  blame(error: PlainError, points: readonly string[]): Promise<PlainError>;
}

/** As the program restores them. */
export const OWN_WAY: Way = {
  volume: () => undefined,
  image: () => undefined,
  secret: () => undefined,
  kept: () => undefined,
  blame: async (error) => error,
};

/** A way back does not work; nothing was seen that is wrong with the data. */
export class WayFailed extends OperationError {}
