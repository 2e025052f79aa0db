import { strikeEveryRequest } from '../support/every-request.ts';
import { volumeBackups, volumeRestores } from '../support/trials/volume-images.ts';

await strikeEveryRequest(volumeBackups);
await strikeEveryRequest(volumeRestores);
