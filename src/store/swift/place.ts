import { InputError, OperationError } from '../../errors.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus, isRateLimit } from '../../openstack/errors.ts';
import { hasContainer } from '../../openstack/objectstore/v1/containers.ts';
import {
  deleteObject,
  headObject,
  listObjects,
  openObject,
  putObject,
} from '../../openstack/objectstore/v1/objects.ts';
import { forShell } from '../../text/escape.ts';
import { type Bucket, objectPlace } from '../objects.ts';
import type { Place } from '../place.ts';
import { placeName } from '../place-name.ts';

export interface SwiftOptions {
  /** Logs in when it is first asked. */
  readonly client: () => Promise<ServiceClient>;
  readonly container: string;
  /** Without slashes around it; may be empty. */
  readonly prefix: string;
}

/** A place in a container of Swift, or of what speaks like it. The container is never created. */
export async function swiftPlace(options: SwiftOptions): Promise<Place> {
  const client = await options.client();
  const { clock, log } = client.session;
  return objectPlace(swiftBucket(client, options), { clock, log, signal: () => client.session.signal });
}

function swiftBucket(client: ServiceClient, { container, prefix }: SwiftOptions): Bucket {
  const path = prefix === '' ? '' : `${prefix}/`;
  const place = placeName('swift', container, prefix);
  return {
    name: place,
    digests: ['md5'],
    async put(name, bytes, { md5 }) {
      try {
        return await putObject(client, container, path + name, bytes, md5());
      } catch (error) {
        if (hasStatus(error, 404)) throw noContainer();
        if (hasStatus(error, 413, 507) && !isRateLimit(error))
          throw new OperationError(
            `cannot write ${name} into ${place}: the quota of the container or the account is used up, or the store is full: ${error.words}`,
            `Make room, ask the operator for more, or use another \`store\`: openstack container show ${forShell(container)} shows what is used.`,
            error,
          );
        throw error;
      }
    },
    open: (name, range) => thereOr(() => openObject(client, container, path + name, range)),
    head: async (name) => {
      const found = await headObject(client, container, path + name);
      return found && { ...found, name };
    },
    async page(wanted, after) {
      try {
        const found = await listObjects(client, container, path + wanted, after);
        const items = found.map((item) => ({ ...item, name: item.name.slice(path.length) }));
        return { items, next: found.at(-1)?.name };
      } catch (error) {
        throw hasStatus(error, 404) ? noContainer() : error;
      }
    },
    remove: (name) => deleteObject(client, container, path + name),
  };

  /** Where an object is not there, its container may not be: then that is the error. */
  async function thereOr<T>(ask: () => Promise<T | undefined>): Promise<T | undefined> {
    const found = await ask();
    if (found === undefined && !(await hasContainer(client, container))) throw noContainer();
    return found;
  }

  function noContainer(): InputError {
    const { project } = client.session.scope;
    return new InputError(
      `there is no container ${container} in project ${project.name} (${project.id}), so there is no store ${place}`,
      `Correct \`store\`, or create it: openstack container create ${forShell(container)}`,
    );
  }
}
