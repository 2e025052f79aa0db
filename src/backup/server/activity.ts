import { listActions } from '../../openstack/compute/v2/instance-actions.ts';
import { getServer } from '../../openstack/compute/v2/servers.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';

/** What Nova shows about whether a server's guest runs. */
export interface Activity {
  /** As Nova shows it: ACTIVE, SHUTOFF, PAUSED … */
  readonly status: string;
  /** Whether the hypervisor runs the guest, whatever the status says; undefined if Nova does not show it. */
  readonly powered: boolean | undefined;
  /** Requests that did something with the server; undefined if the user may not see them. */
  readonly actions: readonly string[] | undefined;
}

/** The save itself requests this, which neither starts nor stops a guest. */
const OWN = 'createImage';

export async function activityOf(nova: ServiceClient, serverId: string): Promise<Activity> {
  const { status, powered } = await getServer(nova, serverId);
  try {
    const actions = await listActions(nova, serverId);
    return {
      status,
      powered,
      actions: actions.filter(({ action }) => action !== OWN).map(({ requestId }) => requestId),
    };
  } catch (error) {
    if (!hasStatus(error, 403, 404)) throw error;
    return { status, powered, actions: undefined };
  }
}

/** Whether the server may have run between two looks: something was done with it, or nobody can tell. */
export function disturbed(before: Activity, after: Activity): boolean {
  const { actions } = before;
  if (actions === undefined || after.actions === undefined) return true;
  return after.actions.some((request) => !actions.includes(request));
}
