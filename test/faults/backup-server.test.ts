import { strikeEveryRequest } from '../support/every-request.ts';
import { serverBackups } from '../support/trials/server-backups.ts';

await strikeEveryRequest(serverBackups);
