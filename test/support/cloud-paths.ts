/** Where test/cloud keeps what it runs; as test/cloud/lib.sh says it. */

/** The release that the test cloud runs unless CLOUD_RELEASE names an older one. */
export const RELEASE = '2026.2';

const asked = process.env['CLOUD_RELEASE'] ?? '';
const suffix = asked === '' || asked === RELEASE ? '' : `-${asked}`;

export const CLOUD_STATE = process.env['CLOUD_STATE'] ?? `/var/lib/oscloud${suffix}`;
export const CLOUD_VENV = process.env['CLOUD_VENV'] ?? `/opt/oscloud${suffix}`;
