import type { Clock } from '../../../clock.ts';
import type { Log } from '../../log.ts';
import type { ServiceClient } from '../../service.ts';
import { Watcher } from '../../watcher.ts';
import { getServer, listServers, type Server } from './servers.ts';

export function watchServers(client: ServiceClient, clock: Clock, log: Log): Watcher<Server> {
  return new Watcher({ list: () => listServers(client), get: (id) => getServer(client, id) }, clock, log);
}
