import { strikeEveryRequest } from '../support/every-request.ts';
import { imageBackups, imageRestores } from '../support/trials/images.ts';

await strikeEveryRequest(imageBackups);
await strikeEveryRequest(imageRestores);
