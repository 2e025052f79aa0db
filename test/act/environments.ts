import type { EmbeddedCloud } from '../fakes/cloud/index.ts';
import { documentedRules, type Rule, rulesOf } from '../support/access-rules/rules.ts';

/** The environments of the examples' jobs. */
export type Environment =
  | 'backup'
  | 'prune'
  | 'report'
  | 'restore'
  | 'verify'
  | 'verify-deep'
  | 'drill'
  | 'drill-sealed'
  | 'drill-boot';

/** Those that hold the age identity: BACKUP_IDENTITY. */
export const OPENING: ReadonlySet<Environment> = new Set([
  'prune',
  'restore',
  'verify-deep',
  'drill-sealed',
  'drill-boot',
]);

/** The secret CLOUDS_YAML of each: a credential that can do what docs/permissions.md says, and no more. */
export async function environmentsOf(cloud: EmbeddedCloud): Promise<Readonly<Record<Environment, string>>> {
  const names = [...(await documentedRules()).keys()];
  const lists = (pattern: RegExp) => rulesOf(...names.filter((name) => pattern.test(name)), IN_YOUR_NAME);
  // It cannot clean up what failed, for that list has DELETE of backups.
  const backup = lists(/^(?:backup|export)-(?!.*clean-up)/);
  // As docs/permissions.md says of `level: volume`.
  const drill = lists(/^restore-(volume|image|secret)|^backup-volume, (as an image|to a store)/);
  const credentials: Record<Environment, readonly Rule[] | undefined> = {
    backup,
    prune: lists(/^prune/),
    report: lists(/./).filter(({ method }) => method === 'GET'),
    restore: lists(/^restore-/),
    // They do not ask the cloud.
    verify: [],
    'verify-deep': [],
    drill,
    'drill-sealed': drill,
    // Its rules depend on the networks: docs/permissions.md.
    'drill-boot': undefined,
  };
  return Object.fromEntries(
    Object.entries(credentials).map(([name, rules]) => [name, cloudsYaml(cloud, rules)]),
  ) as Record<Environment, string>;
}

const IN_YOUR_NAME = 'Cinder, in your name';

/** @param rules undefined: all that a member may do */
function cloudsYaml(cloud: EmbeddedCloud, rules: readonly Rule[] | undefined): string {
  const { id, secret } = cloud.seed.addApplicationCredential('demo', {
    ...(rules !== undefined && { accessRules: [...rules] }),
  });
  const auth = {
    auth_url: cloud.authUrl,
    application_credential_id: id,
    application_credential_secret: secret,
  };
  const entry = { auth_type: 'v3applicationcredential', auth, region_name: 'RegionOne' };
  // JSON is YAML.
  return JSON.stringify({ clouds: { production: entry } });
}
