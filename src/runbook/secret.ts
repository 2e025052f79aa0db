import type { SavedSecret, SecretPoint } from '../manifest/schema.ts';
import { forMarkdown, forShell } from '../text/escape.ts';
import type { Book, Section } from './book.ts';
import { assign, check, command, fence, opened, option, payloadChecks } from './shell.ts';

const OCTETS = 'application/octet-stream';
const TEXT = 'text/plain';

/** Pipes a key from the payload into the cloud: never through a file or a command line. */
export function secretSection(point: SecretPoint, book: Book): Section {
  const { id, resource, payload } = point;
  const variable = book.variable('secret', id);
  const byClient = clientCan(resource);
  return {
    title: `Key ${forMarkdown(resource.name || resource.id)}`,
    body: [
      secretWas(resource),
      ...(byClient ? [] : [WHY_NOT]),
      ...(resource.expires === null
        ? []
        : [
            `It expires on ${resource.expires}. If that has passed, leave its expiration out: Barbican would refuse it.`,
          ]),
      fence([
        ...payloadChecks(payload),
        'TOKEN=$(openstack token issue -f value -c id)',
        ...(byClient ? stored(point, variable) : storedInTwoSteps(point, variable)),
        check(
          `barbican "secrets/$${variable}/payload" --header 'Accept: ${OCTETS}' | sha256sum`,
          `'${payload.sha256}  -'`,
        ),
        ...extras(resource, variable),
      ]),
    ],
  };
}

/** The client always stores bytes with an algorithm and a bit length, its own defaults if none are given. */
function clientCan({ contentType, algorithm, bitLength }: SavedSecret): boolean {
  return contentType !== TEXT && algorithm !== null && bitLength !== null;
}

const WHY_NOT =
  '`openstack secret store` would change it, so `curl` stores it: the attributes first, then the bytes as they are.';

function secretWas({ id, secretType, algorithm, bitLength, usedBy }: SavedSecret): string {
  const attributes = [
    secretType,
    ...(algorithm === null ? [] : [algorithm]),
    ...(bitLength === null ? [] : [`${bitLength} bits`]),
  ];
  const opens = usedBy.map(({ kind, id: used, name }) => `${kind} ${forMarkdown(name)} (\`${used}\`)`);
  return `It was secret \`${id}\` (${attributes.map(forMarkdown).join(', ')})${opens.length === 0 ? '' : `, the key of ${opens.join(', ')}`}. It gets a new id.`;
}

function stored({ resource, payload }: SecretPoint, variable: string): string[] {
  const { name, secretType, algorithm, bitLength, mode, expires } = resource;
  return [
    assign(
      variable,
      `${opened(payload)} |`,
      'openstack secret store',
      ...option('name', name === '' ? null : name),
      ...option('secret-type', secretType),
      ...option('algorithm', algorithm),
      ...option('bit-length', bitLength),
      // The client's default is cbc.
      ...option('mode', mode ?? ''),
      ...option('expiration', expires),
      "--file=/dev/stdin -f value -c 'Secret href'",
    ),
    `${variable}=\${${variable}##*/}`,
  ];
}

/** Barbican strips a text that comes in JSON, but takes a payload as it is, once, for a secret without one. */
function storedInTwoSteps({ resource, payload }: SecretPoint, variable: string): string[] {
  const { name, secretType, algorithm, bitLength, mode, expires, contentType } = resource;
  const attributes = {
    ...(name === '' ? {} : { name }),
    secret_type: secretType,
    ...(algorithm === null ? {} : { algorithm }),
    ...(bitLength === null ? {} : { bit_length: bitLength }),
    ...(mode === null ? {} : { mode }),
    ...(expires === null ? {} : { expiration: expires }),
  };
  return [
    assign(
      variable,
      'barbican secrets',
      json(attributes),
      `| grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'`,
    ),
    command(
      `${opened(payload)} |`,
      `barbican "secrets/$${variable}" --request PUT`,
      `--header 'Content-Type: ${contentType === TEXT ? TEXT : OCTETS}' --data-binary @-`,
    ),
  ];
}

/** Restores the ACL and the users' metadata, which the client cannot set. */
function extras({ acl, metadata }: SavedSecret, variable: string): string[] {
  return [
    ...(acl === null
      ? []
      : [
          command(
            'openstack acl submit',
            acl.projectAccess ? '--project-access' : '--no-project-access',
            ...acl.users.flatMap((user) => option('user', user)),
            `"$BARBICAN/secrets/$${variable}"`,
          ),
        ]),
    ...(Object.keys(metadata).length === 0
      ? []
      : [command(`barbican "secrets/$${variable}/metadata" --request PUT`, json({ metadata }))]),
  ];
}

function json(value: unknown): string {
  return `--header 'Content-Type: application/json' --data-binary ${forShell(JSON.stringify(value))}`;
}
