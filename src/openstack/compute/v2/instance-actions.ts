import { field, list, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';

// https://docs.openstack.org/api-ref/compute/#servers-actions-servers-os-instance-actions

/** What was done with a server. */
export interface InstanceAction {
  readonly action: string;
  readonly requestId: string;
  /** "Error" when it failed. */
  readonly message: string | undefined;
}

/** An event of an action, from 2.51. */
export interface ActionEvent {
  readonly event: string;
  /** "Success" or "Error"; undefined while it runs. */
  readonly result: string | undefined;
  /** The class of the exception for users, from 2.84. */
  readonly details: string | undefined;
}

const actionsUrl = (serverId: string) => `/servers/${encodeURIComponent(serverId)}/os-instance-actions`;

/** Newest first. */
export function listActions(client: ServiceClient, serverId: string): Promise<InstanceAction[]> {
  return client.call({
    doing: `list the actions on server ${serverId}`,
    method: 'GET',
    path: actionsUrl(serverId),
    ok: [200],
    decode: (answer) =>
      list(answer, 'instanceActions', (action) => ({
        action: text(action, 'action'),
        requestId: text(action, 'request_id'),
        message: optionalText(action, 'message'),
      })),
  });
}

export function getActionEvents(
  client: ServiceClient,
  serverId: string,
  requestId: string,
): Promise<ActionEvent[]> {
  return client.call({
    doing: `read action ${requestId} on server ${serverId}`,
    method: 'GET',
    path: `${actionsUrl(serverId)}/${encodeURIComponent(requestId)}`,
    ok: [200],
    decode: (answer) => {
      const action = field(answer, 'instanceAction');
      if (action['events'] === undefined) return [];
      return list(action, 'events', (event) => ({
        event: text(event, 'event'),
        result: optionalText(event, 'result'),
        details: optionalText(event, 'details'),
      }));
    },
  });
}
