import type { CloudConfig, Domain, ProjectScope } from './cloud.ts';

/**
 * The OS_* variables with which the command `openstack` logs in as we do, wherever our settings came from. Files are
 * left out: who has them on disk names them.
 */
export function openrcOf({ auth, region, services, verify }: CloudConfig): Record<string, string> {
  const { interfaces } = services['block-storage'];
  const endpoints = Object.entries(services).map(([type, { endpoint }]) => [
    `OS_${type.replaceAll('-', '_').toUpperCase()}_ENDPOINT_OVERRIDE`,
    endpoint,
  ]);
  return set({
    OS_AUTH_URL: auth.authUrl,
    OS_IDENTITY_API_VERSION: '3',
    OS_REGION_NAME: region,
    OS_INTERFACE: interfaces[0],
    ...(verify ? {} : { OS_INSECURE: 'true' }),
    ...Object.fromEntries(endpoints),
    ...loginOf(auth),
  });
}

function loginOf(auth: CloudConfig['auth']): Record<string, string | undefined> {
  switch (auth.type) {
    case 'password':
      return {
        OS_AUTH_TYPE: 'v3password',
        ...user(auth.user),
        OS_PASSWORD: auth.password,
        ...scope(auth.project),
      };
    case 'application_credential':
      return {
        OS_AUTH_TYPE: 'v3applicationcredential',
        OS_APPLICATION_CREDENTIAL_ID: auth.id,
        OS_APPLICATION_CREDENTIAL_NAME: auth.name,
        OS_APPLICATION_CREDENTIAL_SECRET: auth.secret,
        ...(auth.user && user(auth.user)),
      };
    case 'token':
      return { OS_AUTH_TYPE: 'v3token', OS_TOKEN: auth.token, ...scope(auth.project) };
  }
}

function user({ id, name, domain }: { id?: string | undefined; name?: string | undefined; domain: Domain }) {
  return { OS_USER_ID: id, OS_USERNAME: id === undefined ? name : undefined, ...domainOf('USER', domain) };
}

function scope({ id, name, domain }: ProjectScope) {
  return {
    OS_PROJECT_ID: id,
    OS_PROJECT_NAME: id === undefined ? name : undefined,
    ...domainOf('PROJECT', domain),
  };
}

function domainOf(kind: 'USER' | 'PROJECT', { id, name }: Domain) {
  return { [`OS_${kind}_DOMAIN_ID`]: id, [`OS_${kind}_DOMAIN_NAME`]: id === undefined ? name : undefined };
}

function set(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
