import type { Session } from '../../../src/openstack/connection.ts';
import { swiftPlace } from '../../../src/store/swift/place.ts';
import type { EmbeddedCloudOptions } from '../../fakes/cloud/index.ts';
import { type OpenCloud, openEmbedded } from '../../support/embedded.ts';
import type { PlaceUnderTest } from './place-under-test.ts';

export const CONTAINER = 'backups';
export const PREFIX = 'of/production';

export interface SwiftUnderTest extends PlaceUnderTest {
  readonly at: OpenCloud;
}

export const placeIn = (session: Session, container = CONTAINER, prefix = PREFIX) =>
  swiftPlace({ client: () => session.service('object-store'), container, prefix });

/** A container of the embedded cloud. */
export async function openSwift(options: EmbeddedCloudOptions = {}): Promise<SwiftUnderTest> {
  const at = await openEmbedded(options);
  const { cloud } = at;
  const container = cloud.seed.addContainer(CONTAINER);
  // Somebody else's things lie beside it.
  const foreign = { bytes: Buffer.from('x'), md5: '', type: 'text/plain', modified: new Date(0) };
  for (const name of ['a', 'of/productions', `${PREFIX}/Photo.JPG`, 'zz'])
    container.objects.set(name, foreign);
  const everything = async () =>
    [...container.objects]
      .filter(([name, object]) => name.startsWith(`${PREFIX}/`) && object !== foreign)
      .map(([name]) => name.slice(PREFIX.length + 1));
  return {
    at,
    notes: false,
    exclusive: false,
    open: async () => ({ place: await placeIn(at.session), seem: () => undefined }),
    everything,
    names: everything,
    raw: async (name) => container.objects.get(`${PREFIX}/${name}`)?.bytes ?? Buffer.from('nothing is there'),
    async fill(bytes) {
      const used = [...container.objects.values()].reduce((sum, object) => sum + object.bytes.length, 0);
      container.quota = used + bytes;
      return {
        [Symbol.asyncDispose]: async () => {
          container.quota = undefined;
        },
      };
    },
    async lock() {
      const fault = cloud.faults.add({
        when: { service: 'object-store', method: 'PUT', times: Number.POSITIVE_INFINITY },
        do: { status: 403 },
      });
      return { [Symbol.asyncDispose]: async () => fault.remove() };
    },
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}
