import { InputError } from '../../errors.ts';
import type { Interface, ServiceSettings, ServiceType } from './cloud.ts';
import { filled, type Settings, textOf } from './settings.ts';

/** The prefixes of a service's settings, best first, and the version that we speak. */
const SERVICES: Readonly<Record<ServiceType, { prefixes: readonly string[]; version: string }>> = {
  'block-storage': {
    prefixes: ['block_storage', 'volumev3', 'volumev2', 'volume', 'block_store'],
    version: '3',
  },
  image: { prefixes: ['image'], version: '2' },
  compute: { prefixes: ['compute'], version: '2' },
  'key-manager': { prefixes: ['key_manager'], version: '1' },
  network: { prefixes: ['network'], version: '2' },
  'object-store': { prefixes: ['object_store'], version: '1' },
};

/**
 * How to find each service: by its own settings, else by those for all (openstacksdk config/cloud_region.py
 * `_get_config`).
 *
 * @throws InputError for something unsupported
 */
export function servicesOf(
  name: string,
  settings: Settings,
  region: string | undefined,
): Readonly<Record<ServiceType, ServiceSettings>> {
  const services = Object.entries(SERVICES) as [ServiceType, (typeof SERVICES)[ServiceType]][];
  return Object.fromEntries(
    services.map(([type, { prefixes, version }]) => {
      const find = (key: string) =>
        prefixes
          .map((prefix) => ({ key: `${prefix}_${key}`, value: settings[`${prefix}_${key}`] }))
          .find(({ value }) => value !== undefined && value !== null);
      const text = (key: string) => {
        const found = find(key);
        return found && textOf(name, found.key, found.value);
      };
      refuse(
        name,
        find('service_type'),
        (value) => prefixes.includes(value.replaceAll('-', '_')) && value !== 'volumev2',
      );
      refuse(name, find('service_name'), () => false);
      refuse(
        name,
        find('api_version'),
        (value) => value.split('.')[0] === version || Number.isNaN(Number(value)),
      );
      const override = text('endpoint_override') ?? text('endpoint');
      const own: ServiceSettings = {
        region: text('region_name') ?? region,
        interfaces: interfacesOf(name, find('interface')?.value ?? settings['interface']),
        endpoint: override === undefined ? undefined : endpointOf(name, override, settings),
      };
      return [type, own];
    }),
  ) as Record<ServiceType, ServiceSettings>;
}

function refuse(
  name: string,
  found: { readonly key: string; readonly value: unknown } | undefined,
  isOurs: (value: string) => boolean,
): void {
  const value = found && textOf(name, found.key, found.value);
  if (found === undefined || value === undefined || isOurs(value)) return;
  throw new InputError(
    `cloud "${name}": ${found.key} "${value}" is not supported`,
    'Remove it, or set the `_endpoint_override` of the service.',
  );
}

function endpointOf(name: string, override: string, settings: Settings): string {
  const url = filled(name, 'endpoint_override', override, settings);
  const unknown = /%\((?!(?:project_id|user_id)\)s)[^)]*\)s/.exec(url);
  if (unknown === null) return url;
  throw new InputError(
    `cloud "${name}": an endpoint override has ${unknown[0]}, which has no value`,
    'Use %(project_id)s or %(user_id)s.',
  );
}

function interfacesOf(name: string, given: unknown): readonly Interface[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const interfaces = list
    .map((each) => textOf(name, 'interface', each))
    .filter((each) => each !== undefined)
    .map((each) => interfaceOf(name, each));
  return interfaces.length === 0 ? ['public'] : interfaces;
}

function interfaceOf(name: string, given: string): Interface {
  const own = given.replace(/URL$/, '');
  if (own === 'public' || own === 'internal' || own === 'admin') return own;
  throw new InputError(`cloud "${name}": interface is "${own}"`, 'Use public, internal or admin.');
}
