/** States of servers, and which of them an action takes. */
import type { Server } from '../state.ts';
import { refuse } from './call.ts';

export const VM_STATES: Record<string, [vm: string, power: number]> = {
  ACTIVE: ['active', 1],
  BUILD: ['building', 0],
  REBUILD: ['active', 1],
  SHUTOFF: ['stopped', 4],
  PAUSED: ['paused', 3],
  SUSPENDED: ['suspended', 4],
  RESCUE: ['rescued', 1],
  SHELVED_OFFLOADED: ['shelved_offloaded', 4],
  ERROR: ['error', 0],
  DELETED: ['deleted', 0],
};

export function vmStateOf(server: Server): string {
  return VM_STATES[server.status]?.[0] ?? 'active';
}

/** compute/api.py check_instance_state, with its words. */
export function mustBeIn(server: Server, verb: string, statuses: readonly string[]): void {
  const { id, status, taskState } = server;
  if (!statuses.includes(status))
    throw refuse(409, `Cannot '${verb}' instance ${id} while it is in vm_state ${vmStateOf(server)}`);
  if (taskState !== null)
    throw refuse(409, `Cannot '${verb}' instance ${id} while it is in task_state ${taskState}`);
}
