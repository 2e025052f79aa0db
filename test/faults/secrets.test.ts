import { strikeEveryRequest } from '../support/every-request.ts';
import { secretExports, secretRestores } from '../support/trials/secrets.ts';

await strikeEveryRequest(secretExports);
await strikeEveryRequest(secretRestores);
