import type { SavedFlavor, SavedServer } from '../../manifest/schema.ts';
import { quoted } from '../../text/escape.ts';

export interface Looked {
  readonly server: Pick<SavedServer, 'status' | 'flavor' | 'keyPair' | 'hostname'>;
  /** Names of volumes that are also attached to other servers. */
  readonly multiattached: readonly string[];
  /** Whether Neutron could be asked for the ports. */
  readonly portsKnown: boolean;
  /** Below 2.90 Nova shows no hostname, below 2.26 no tags, below 2.19 no description. */
  readonly hidden: readonly string[];
}

/** What a user cannot save of this server, in words. */
export function missingOf({ server, multiattached, portsKnown, hidden }: Looked): string[] {
  return [
    'user data and injected files: Nova shows them to administrators only',
    'the administrator password of the guest, which Nova gave out when it made the server',
    ...(server.keyPair === null ? [] : ofKeyPair(server.keyPair)),
    ...ofFlavor(server.flavor),
    ...(server.status === 'SUSPENDED' || server.status === 'PAUSED' ? ['the memory of the guest'] : []),
    ...multiattached.map(
      (name) => `what other servers wrote meanwhile to volume ${quoted(name)}: it is attached to them too`,
    ),
    ...(portsKnown ? [] : ['ports with their addresses: the network service is not available']),
    ...hidden.map((what) => `${what}: this cloud's Nova is too old to show it`),
  ];
}

function ofKeyPair({ name, publicKey }: NonNullable<SavedServer['keyPair']>): string[] {
  const secret = `the private key of key pair ${quoted(name)}: Nova does not keep it`;
  return publicKey === null
    ? [
        secret,
        `the public key of key pair ${quoted(name)}: it is deleted, or belongs to the user who made the server`,
      ]
    : [secret];
}

/** createImage takes neither. */
function ofFlavor({ ephemeral, swap }: SavedFlavor): string[] {
  return [
    ...(ephemeral > 0 ? [`the contents of the ephemeral disk (${ephemeral} GiB)`] : []),
    ...(swap > 0 ? [`the contents of the swap disk (${swap} MiB)`] : []),
  ];
}
