import type { DrillLevel } from '../../drill/finding.ts';
import type { Kind } from '../../manifest/points.ts';
import { bootLevel } from './boot.ts';
import { bytesByHand } from './by-hand/bytes.ts';
import { levelByHand } from './by-hand/level.ts';
import { bytesLevel } from './bytes.ts';
import type { Level } from './level.ts';
import { imageVolumeLevel } from './volume-image.ts';
import { secretVolumeLevel } from './volume-secret.ts';
import { serverVolumeLevel } from './volume-server.ts';
import { volumeLevel } from './volume-volume.ts';

/** How each kind is proved to each level. What has no line here cannot be drilled so, and is never drawn. */
const LEVELS: Readonly<Record<DrillLevel, Readonly<Partial<Record<Kind, Level>>>>> = {
  bytes: { volume: bytesLevel, server: bytesLevel, image: bytesLevel, secret: bytesLevel },
  volume: {
    volume: volumeLevel,
    server: serverVolumeLevel,
    image: imageVolumeLevel,
    secret: secretVolumeLevel,
  },
  boot: { volume: bootLevel('volume'), server: bootLevel('server'), image: bootLevel('image') },
};

/** The same by hand, with nothing but `RESTORE.md`. */
const BY_HAND: typeof LEVELS = {
  bytes: { volume: bytesByHand, server: bytesByHand, image: bytesByHand, secret: bytesByHand },
  volume: {
    volume: levelByHand(volumeLevel),
    server: levelByHand(serverVolumeLevel),
    image: levelByHand(imageVolumeLevel),
    secret: levelByHand(secretVolumeLevel),
  },
  boot: {},
};

/** How deep a drill goes, and whether by hand. */
export interface Depth {
  readonly level: DrillLevel;
  readonly 'by-hand': boolean;
}

export function kindsOf({ level, 'by-hand': byHand }: Depth): readonly string[] {
  return Object.keys((byHand ? BY_HAND : LEVELS)[level]);
}

export function levelFor({ level, 'by-hand': byHand }: Depth, kind: Kind): Level {
  const found = (byHand ? BY_HAND : LEVELS)[level][kind];
  if (found === undefined) throw new TypeError(`level ${level} of a ${kind} was drawn`);
  return found;
}
