import { strikeSome } from '../support/every-request.ts';
import { imageBackups, imageRestores } from '../support/trials/images.ts';
import { secretExports, secretRestores } from '../support/trials/secrets.ts';
import { serverBackups } from '../support/trials/server-backups.ts';
import { serverRestores } from '../support/trials/server-restores.ts';
import { volumeBackups, volumeRestores } from '../support/trials/volume-images.ts';

// What a change breaks first; test/faults has all of them.
for (const trials of [
  volumeBackups,
  volumeRestores,
  serverBackups,
  serverRestores,
  imageBackups,
  imageRestores,
  secretExports,
  secretRestores,
])
  await strikeSome(trials);
