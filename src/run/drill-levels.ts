import type { DrillLevel } from '../drill/finding.ts';
import type { Kind } from '../manifest/points.ts';
import { bootLevel } from './drill-boot.ts';
import { bytesByHand, volumeByHand } from './drill-by-hand.ts';
import { bytesLevel } from './drill-bytes.ts';
import type { Level } from './drill-level.ts';
import { imageVolumeLevel } from './drill-volume-image.ts';
import { secretVolumeLevel } from './drill-volume-secret.ts';
import { serverVolumeLevel } from './drill-volume-server.ts';
import { volumeLevel } from './drill-volume-volume.ts';

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
  volume: { volume: volumeByHand },
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
