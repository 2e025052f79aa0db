import { authSettings } from './auth.ts';
import { type CloudChoice, chooseCloud, loginVariables } from './choose.ts';
import type { CloudConfig } from './cloud.ts';
import type { Variables } from './files.ts';
import { parseCloud } from './parse.ts';
import { normalized, type Settings } from './settings.ts';
import { readTls } from './tls.ts';

/**
 * The cloud to work on, read as openstacksdk reads it (test/configurations), with the certificates that its paths name.
 *
 * @throws InputError if there is no cloud, if more than one could be meant, or for something unsupported
 */
export async function loadCloud(
  choice: CloudChoice,
  environment: Variables,
  directory: string,
): Promise<CloudConfig> {
  const { name, settings, path } = await chooseCloud(choice, environment, directory);
  const config = parseCloud(name, settings);
  const warnings = path === undefined ? [] : unused(name, settings, path, environment);
  return { ...config, ...(await readTls(config, environment, directory)), warnings };
}

/** Variables that the command `openstack` would mix into the entry; like openstacksdk itself, we do not. */
function unused(name: string, settings: Settings, path: string, environment: Variables): string[] {
  const own = authSettings(name, normalized(settings));
  const other = loginVariables(environment).filter((variable) => {
    const key = variable.slice('OS_'.length).toLowerCase().replace('tenant_', 'project_');
    return own[key] !== environment[variable];
  });
  if (other.length === 0) return [];
  return [
    `cloud "${name}" comes from ${path}: ${other.join(', ')} of the environment ${other.length === 1 ? 'is' : 'are'} not used`,
  ];
}
