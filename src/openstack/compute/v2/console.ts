import { optionalText } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { hasStatus } from '../../errors.ts';

// https://docs.openstack.org/api-ref/compute/#show-console-output-os-getconsoleoutput-action

/** Lines that are asked for; a hypervisor keeps about 100 KiB. */
const LINES = 2000;

/**
 * What a server has written to its serial console, the newest lines; control characters and all.
 *
 * @returns undefined if there is none to read: the server is not ready, or its hypervisor has no console
 */
export async function consoleOutput(client: ServiceClient, serverId: string): Promise<string | undefined> {
  try {
    return await client.call({
      doing: `read the console of server ${serverId}`,
      method: 'POST',
      path: `/servers/${encodeURIComponent(serverId)}/action`,
      json: { 'os-getConsoleOutput': { length: LINES } },
      ok: [200],
      decode: (answer) => optionalText(answer, 'output') ?? '',
    });
  } catch (error) {
    if (hasStatus(error, 404, 409, 501)) return undefined;
    throw error;
  }
}
