import { strikeEveryRequest } from '../support/every-request.ts';
import { serverRestores } from '../support/trials/server-restores.ts';

await strikeEveryRequest(serverRestores);
