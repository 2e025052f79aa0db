import { authOf, authSettings } from './auth.ts';
import type { CloudConfig } from './cloud.ts';
import { regionsOf } from './regions.ts';
import { servicesOf } from './services.ts';
import { filled, normalized, type Settings, textOf } from './settings.ts';
import { tlsOf } from './tls.ts';

/**
 * Turns settings into a typed cloud. Messages name the missing key and never a value, which may be secret.
 *
 * @throws InputError for settings that do not say how to log in, or that ask for something unsupported
 */
export function parseCloud(name: string, given: Settings): CloudConfig {
  const settings = normalized(given);
  const region = textOf(name, 'region_name', regionsOf(name, settings)[0]?.name);
  const own = { ...settings, region_name: region };
  return {
    name,
    auth: authOf(name, own, authSettings(name, own)),
    region: region === undefined ? undefined : filled(name, 'region_name', region, own),
    services: servicesOf(name, own, region),
    ...tlsOf(name, own),
    warnings: [],
  };
}
