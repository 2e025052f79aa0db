/** What to do about each quota of Cinder, Nova, Glance, Neutron and Barbican that is used up. */
const ADVICE: Readonly<Record<string, string>> = {
  backups:
    'Delete backups that are no longer needed, the newest of a chain first (openstack volume backup delete)',
  volumes: 'Delete volumes that are no longer needed (openstack volume list)',
  snapshots: 'Delete volume snapshots that are no longer needed (openstack volume snapshot list)',
  gigabytes: 'Delete volumes or volume snapshots that are no longer needed: both count',
  images: 'Delete images that are no longer needed (openstack image list --private)',
  instances: 'Delete servers that are no longer needed (openstack server list)',
  cores: 'Delete servers or take a smaller flavor (with `map`)',
  ports: 'Delete ports that no server uses (openstack port list)',
  floating_ips: 'Release floating IPs that nothing uses (openstack floating ip list)',
  security_groups: 'Delete security groups that no port uses (openstack security group list)',
  key_pairs: 'Delete key pairs that are no longer needed (openstack keypair list)',
  server_groups: 'Delete server groups that are empty (openstack server group list)',
  secrets: 'Delete secrets that nothing uses (openstack secret list)',
};
const SAME: Readonly<Record<string, string>> = {
  backup_gigabytes: 'backups',
  image_mebibytes: 'images',
  ram: 'cores',
};

export const OPERATOR = ', or ask the operator for more.';

/** What to do about a quota that is used up. */
export function adviceOf(quota: string): string {
  const [, quantity = '', type = ''] = /^(volumes|snapshots|gigabytes)_(.*)$/s.exec(quota) ?? [];
  const advice = ADVICE[SAME[quota] ?? quota];
  if (quantity === '') return `${advice ?? 'Free some of it'}${OPERATOR}`;
  const things =
    quantity === 'volumes'
      ? 'volumes'
      : quantity === 'snapshots'
        ? 'volume snapshots'
        : 'volumes or volume snapshots';
  return `Delete ${things} of type ${type} that are no longer needed${OPERATOR}`;
}

/** Each service's own way to say which quota is used up. */
const SAID: readonly (readonly [RegExp, string])[] = [
  [/number of backups allowed/i, 'backups'],
  [/exceeds allowed backup gigabytes quota/i, 'backup_gigabytes'],
  [/exceeded for quota '([^']{1,255})'/i, ''],
  [/exceeds allowed (\S{1,255}) quota/i, ''],
  [/number of volumes allowed/i, 'volumes'],
  [/number of snapshots allowed/i, 'snapshots'],
  [/quota exceeded for (cores|instances|ram)\b/i, ''],
  [/too many key pairs/i, 'key_pairs'],
  [/too many server groups/i, 'server_groups'],
  [/quota exceeded for resources: \W{0,3}port\b/i, 'ports'],
  [/quota exceeded for resources: \W{0,3}floatingip\b/i, 'floating_ips'],
  [/quota exceeded for resources: \W{0,3}security_group\b/i, 'security_groups'],
  [/\bimage_count_(total|uploading)\b/i, 'images'],
  [/\bimage_(size|stage)_total\b|image storage quota/i, 'image_mebibytes'],
  [/creation not allowed because a quota has been reached/i, 'secrets'],
];

/** Which quota is used up, by an answer's words; undefined if they name none that we know. */
export function quotaIn(words: string): string | undefined {
  for (const [pattern, name] of SAID) {
    const found = pattern.exec(words);
    if (found !== null) return name === '' ? found[1]?.toLowerCase() : name;
  }
  return undefined;
}
