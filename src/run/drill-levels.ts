import type { DrillLevel } from '../drill/finding.ts';
import type { Kind } from '../manifest/points.ts';
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
  boot: {},
};

export function kindsOf(level: DrillLevel): readonly string[] {
  return Object.keys(LEVELS[level]);
}

export function levelFor(level: DrillLevel, kind: Kind): Level {
  const found = LEVELS[level][kind];
  if (found === undefined) throw new TypeError(`level ${level} of a ${kind} was drawn`);
  return found;
}
