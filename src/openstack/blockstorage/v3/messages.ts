import { moment, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { CloudError } from '../../errors.ts';
import { itemsOf } from '../../items.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#messages

export interface Message {
  readonly userMessage: string;
  readonly eventId: string;
  readonly requestId: string | undefined;
  readonly createdAt: string;
}

/**
 * What Cinder tells users about a failure: the real cause of many an `error`. From 3.3, by resource from 3.31.
 *
 * @returns newest last; empty if the cloud keeps none
 */
export async function listMessages(client: ServiceClient, resourceId: string): Promise<Message[]> {
  if (!client.supports('3.31')) return [];
  try {
    return await client.call({
      doing: `read the messages about ${resourceId}`,
      method: 'GET',
      path: '/messages',
      query: { resource_uuid: resourceId, sort: 'created_at:asc' },
      ok: [200],
      decode: (answer) =>
        itemsOf(client, answer, 'messages', 'message', (message) => ({
          userMessage: text(message, 'user_message'),
          eventId: optionalText(message, 'event_id') ?? '',
          requestId: optionalText(message, 'request_id'),
          createdAt: moment(message, 'created_at'),
        })).items,
    });
  } catch (error) {
    // The messages explain another error, and this one must not hide it.
    if (error instanceof CloudError) return [];
    throw error;
  }
}
