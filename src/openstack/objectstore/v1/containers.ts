import { readAnswer } from '../../answers.ts';
import type { ServiceClient } from '../../connection.ts';
import { orGone } from '../../errors.ts';

// https://docs.openstack.org/api-ref/object-store/#containers

export const containerUrl = (container: string) => `/${encodeURIComponent(container)}`;

/** @returns whether the container exists */
export async function hasContainer(client: ServiceClient, container: string): Promise<boolean> {
  const answer = await orGone(
    client.open({
      doing: `look at container ${container}`,
      method: 'HEAD',
      path: containerUrl(container),
      ok: [200, 204],
    }),
  );
  if (answer !== undefined) await readAnswer(answer);
  return answer !== undefined;
}
