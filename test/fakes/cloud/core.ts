/** What all services of one embedded cloud share, and the ways in which clouds differ. */
import type { Clock, Ticker, TickLength } from './clock.ts';
import type { Call, Reply } from './http.ts';
import { Refusal } from './http.ts';
import type { CloudState, Token } from './state.ts';

export interface EmbeddedCloudOptions {
  /** Length of a tick: a number of ms, or 'manual' (only `ticks.advance` lets time pass). Default 5. */
  tickMs?: TickLength;
  /** Ticks that a backup, a restore, an upload or a copy takes for each GiB of the volume. Default 2. */
  ticksPerGib?: number;
  /**
   * Bytes of what the API calls a GiB. The real number costs no memory, but who downloads or hashes an image pays for each
   * byte; a test that does may say 4 MiB, and the whole cloud then measures its sizes so.
   */
  gibBytes?: number;
  /** Highest microversion of Cinder, '3.71' down to '3.0'. */
  cinderMax?: string;
  /** Highest microversion of Nova. */
  novaMax?: string;
  /** Most items in one page of Cinder, Glance and Nova. Small numbers force paging. Default 1000. */
  maxLimit?: number;
  /** Most items in one page of Barbican; its default page stays 10. Default 100. */
  barbicanMaxLimit?: number;
  tokenLifeMs?: number;
  /** Links in answers point to http://internal.invalid, as those of a cloud behind a TLS proxy do. Default true. */
  foreignLinks?: boolean;
  /** Backups are accepted, then fail ("Service not found for creating backup."); 'silent': stay creating for ever. */
  noBackupService?: boolean | 'silent';
  /** The backup driver turns every incremental backup into a full one (user message 030), as Ceph may. */
  forcedFull?: boolean;
  /** How long an increment is available before it counts with its parent; moments on a real cloud. Default 0. */
  countedAfterMs?: number;
  capabilities?: {
    /** Glance's store reads ranges (file, cinder); false: 400, as RBD, Swift and S3 do. Default true. */
    range?: boolean;
    /** False: images have no checksum and no os_hash_*, as those made by a location clone. Default true. */
    imageHashes?: boolean;
    /** The LUKS header lies inside the volume's size (LVM, Ceph's own) or, false, behind it (RBD through qemu). Default false. */
    luksHeaderInside?: boolean;
    /** Nova formats an encrypted volume that is no LUKS when it attaches it (iSCSI, FC); false: refuses it (RBD). Default false. */
    attachFormats?: boolean;
    /** A snapshot with volumes cloned from it cannot be deleted. Default false. */
    snapshotBusy?: boolean;
  };
  /** Accept any bearer JWT at /OS-FEDERATION/identity_providers/{idp}/protocols/{protocol}/auth, as user `demo`. */
  federation?: boolean;
  /** Who may use Barbican: 'legacy' asks for the role creator, 'new' for member. Default legacy. */
  barbicanPolicy?: 'legacy' | 'new';
  /** Timestamps without fractions, as on MySQL: records of the same second tie. Default false. */
  wholeSeconds?: boolean;
  /** Glance's image_size_cap in bytes. Default 1 TiB. */
  imageSizeCap?: number;
  /** Glance takes LUKS2 and other raw data unasked, as before 2025.1. Default false. */
  uninspectedImages?: boolean;
  /** What Nova makes of root disks: `raw` of those on RBD or LVM, `qcow2` of files. Default raw. */
  rootFormat?: 'raw' | 'qcow2';
  /** Cinder cannot upload a volume whose image had no properties of its own (Launchpad 2144550). Default false. */
  emptyPropertiesFail?: boolean;
  /** Cinder hands its own notes on a volume on to its images, as in 2023.1. Default false. */
  notesInherited?: boolean;
  /** Barbican's quota of secrets per project; -1 is unlimited. */
  secretQuota?: number;
}

export interface Core {
  readonly options: Required<Omit<EmbeddedCloudOptions, 'capabilities'>> & {
    readonly capabilities: Required<NonNullable<EmbeddedCloudOptions['capabilities']>>;
  };
  readonly state: CloudState;
  readonly clock: Clock;
  readonly ticks: Ticker;
  /** http://127.0.0.1:port */
  readonly origin: string;
}

export function resolveOptions(options: EmbeddedCloudOptions): Core['options'] {
  return {
    tickMs: 5,
    ticksPerGib: 2,
    gibBytes: 1024 ** 3,
    cinderMax: '3.71',
    novaMax: '2.104',
    maxLimit: 1000,
    barbicanMaxLimit: 100,
    tokenLifeMs: 3_600_000,
    foreignLinks: true,
    noBackupService: false,
    forcedFull: false,
    countedAfterMs: 0,
    federation: false,
    barbicanPolicy: 'legacy',
    wholeSeconds: false,
    imageSizeCap: 1024 ** 4,
    uninspectedImages: false,
    rootFormat: 'raw',
    emptyPropertiesFail: false,
    notesInherited: false,
    secretQuota: -1,
    ...options,
    capabilities: {
      range: true,
      imageHashes: true,
      luksHeaderInside: false,
      attachFormats: false,
      snapshotBusy: false,
      ...options.capabilities,
    },
  };
}

/** Time that work on a volume of so many GiB takes. */
export function workTicks(core: Core, gib: number): number {
  return 1 + core.options.ticksPerGib * gib;
}

export const KEYSTONE_401 = {
  error: { code: 401, title: 'Unauthorized', message: 'The request you have made requires authentication.' },
};

export function unauthorized(core: Core): Reply {
  return {
    status: 401,
    headers: { 'WWW-Authenticate': `Keystone uri="${core.origin}/identity/v3"` },
    json: KEYSTONE_401,
  };
}

export function tokenIsGood(core: Core, token: Token): boolean {
  return token.alive && token.expiresAt.getTime() > core.clock.ms && core.state.tokens.has(token.id);
}

/** The token of a request, or undefined where it is missing, unknown, revoked or expired. */
export function findToken(core: Core, call: Call): Token | undefined {
  const id = call.headers['x-auth-token'];
  const token = typeof id === 'string' ? core.state.tokens.get(id) : undefined;
  return token !== undefined && tokenIsGood(core, token) ? token : undefined;
}

function pathMatches(pattern: string, path: string): boolean {
  const source = pattern
    .split('**')
    .map((part) =>
      part
        .split('*')
        .map((literal) => literal.replace(/\{[^}]+\}/g, '*'))
        .map((literal) => literal.split('*').map(escapeRegExp).join('[^/]+'))
        .join('[^/]+'),
    )
    .join('.*');
  return new RegExp(`^${source}$`).test(path);
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** What each service has in its own configuration as `service_type`. */
const SERVICE_TYPES: Readonly<Record<Call['service'], string>> = {
  identity: 'identity',
  volume: 'block-storage',
  image: 'image',
  compute: 'compute',
  network: 'network',
  'key-manager': 'key-manager',
  'object-store': 'object-store',
};

/** What keystonemiddleware does before a service sees the request, access rules included. */
export function authenticate(core: Core, call: Call, reject: Reply = unauthorized(core)): Token {
  const token = findToken(core, call);
  if (token === undefined) throw new Refusal(reject);
  const rules = token.applicationCredential?.accessRules;
  if (rules !== undefined) {
    const fits = rules.some(
      ({ service, method, path }) =>
        service === SERVICE_TYPES[call.service] && method === call.method && pathMatches(path, call.path),
    );
    if (!fits) throw new Refusal(reject);
  }
  return token;
}

export function hasRole(token: Token, ...roles: string[]): boolean {
  return token.roles.some((role) => roles.includes(role));
}
