import type { Auth } from './config/cloud.ts';
import { type CloudError, hasStatus } from './errors.ts';

/** What to look at when Keystone refuses a login; undefined if the login itself is not to blame. */
export function loginHint(error: unknown, auth: Auth): string | undefined {
  if (!hasStatus(error, 400, 401, 404)) return undefined;
  return [hintOf(error, auth), spacesHint(auth)].filter((hint) => hint !== undefined).join(' ');
}

function hintOf(error: CloudError, auth: Auth): string {
  // Nginx, Go and Apache say it in words of their own.
  if (/plain HTTP request was sent|HTTP request to an HTTPS|plain HTTP to an SSL/i.test(error.words))
    return 'The server speaks TLS on that port: write https:// in auth_url.';
  // Keystone answers 404 for a token that it did not issue, and for a deleted application credential.
  const isUnknown =
    error.status === 404 && (auth.type === 'token' || /application.credential/i.test(error.words));
  return error.status === 401 || isUnknown
    ? credentialHint(auth)
    : 'Check auth_url (it ends with /v3), and that the names of user, project and domains are right.';
}

function credentialHint(auth: Auth): string {
  switch (auth.type) {
    case 'password':
      return 'Check user name, password, project and their domains: Keystone says the same for any of them.';
    case 'token':
      return 'The token has expired, was revoked, or belongs to another cloud: get a new one, or use an application credential.';
    case 'application_credential':
      return 'Check the id and the secret, and whether the application credential has expired or was deleted (openstack application credential list).';
  }
}

/** A pasted or piped secret often ends with a line break that nobody sees. */
function spacesHint(auth: Auth): string | undefined {
  const named = fieldsOf(auth)
    .filter(([, value]) => value !== undefined && value !== value.trim())
    .map(
      ([key, value]) =>
        `${key} ${/[\r\n]\s*$/.test(value ?? '') ? 'ends with a line break' : 'begins or ends with a space'}`,
    );
  return named.length === 0 ? undefined : `${named.join(', ')}: remove it.`;
}

function fieldsOf(auth: Auth): readonly (readonly [string, string | undefined])[] {
  const project = 'project' in auth ? auth.project : undefined;
  const user = 'user' in auth ? auth.user : undefined;
  return [
    ['password', auth.type === 'password' ? auth.password : undefined],
    ['token', auth.type === 'token' ? auth.token : undefined],
    ['application_credential_id', auth.type === 'application_credential' ? auth.id : undefined],
    ['application_credential_name', auth.type === 'application_credential' ? auth.name : undefined],
    ['application_credential_secret', auth.type === 'application_credential' ? auth.secret : undefined],
    ['username', user?.name],
    ['user_id', user?.id],
    ['user_domain_name', user?.domain.name],
    ['user_domain_id', user?.domain.id],
    ['project_name', project?.name],
    ['project_id', project?.id],
    ['project_domain_name', project?.domain.name],
    ['project_domain_id', project?.domain.id],
  ];
}
