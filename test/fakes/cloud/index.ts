/**
 * The embedded cloud: Keystone, Cinder, Glance, Nova, Neutron, Barbican and Swift in one process behind one port, for tests and
 * for the demo. It behaves as the real services were seen to behave, as a user meets them: see README.md. Needs nothing
 * but node.
 */
import { barbican } from './barbican.ts';
import { cinder } from './cinder/index.ts';
import { Clock, Ticker } from './clock.ts';
import { type Core, type EmbeddedCloudOptions, resolveOptions } from './core.ts';
import { plainSide } from './devices.ts';
import { Faults } from './faults.ts';
import { glance } from './glance/index.ts';
import { keystone } from './keystone.ts';
import { neutron } from './neutron/index.ts';
import { nova } from './nova/index.ts';
import { makeSeed, PASSWORD, populate, type Seed } from './seed.ts';
import { type LoggedRequest, listen } from './server.ts';
import { CloudState, type Volume } from './state.ts';
import { swift } from './swift.ts';

export { SparseBytes } from './bytes.ts';
export type { EmbeddedCloudOptions } from './core.ts';
export type { Fault, FaultDeed, FaultHandle, FaultHit, Faults, FaultWhen } from './faults.ts';
export type { Seed, ServerWish, VolumeWish } from './seed.ts';
export type { LoggedRequest } from './server.ts';
export type {
  ApplicationCredential,
  Backup,
  CloudState,
  Container,
  Image,
  Message,
  Project,
  Secret,
  Server,
  Snapshot,
  Token,
  User,
  Volume,
  VolumeType,
} from './state.ts';

export interface EmbeddedCloud extends AsyncDisposable {
  /** Keystone's URL, with /v3. */
  readonly authUrl: string;
  /** http://127.0.0.1:port */
  readonly origin: string;
  /** A clouds.yaml with the clouds demo, small, reader and nokeys; or only the one of a user. */
  cloudsYaml(user?: string): string;
  /** OS_* of a user. */
  openrc(user?: string): Record<string, string>;
  /** Every request that came in, oldest first. */
  readonly requests: LoggedRequest[];
  readonly faults: Faults;
  readonly state: CloudState;
  readonly seed: Seed;
  readonly ticks: Ticker;
  readonly clock: Clock;
  /** What the fake itself did wrong; a test may assert that it stayed empty. */
  readonly errors: unknown[];
  /** Plain bytes of a volume, through its key where it has one. */
  readPlain(volume: Volume, offset: number, length: number): Buffer;
  writePlain(volume: Volume, offset: number, bytes: Uint8Array): void;
  close(): Promise<void>;
}

function openrcOf(authUrl: string, user: string, project: string): Record<string, string> {
  return {
    OS_AUTH_URL: authUrl,
    OS_USERNAME: user,
    OS_PASSWORD: PASSWORD,
    OS_PROJECT_NAME: project,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: 'RegionOne',
    OS_IDENTITY_API_VERSION: '3',
  };
}

function cloudEntry(authUrl: string, user: string, project: string): string {
  return [
    `  ${user}:`,
    '    auth:',
    `      auth_url: ${authUrl}`,
    `      username: ${user}`,
    `      password: ${PASSWORD}`,
    `      project_name: ${project}`,
    '      user_domain_name: Default',
    '      project_domain_name: Default',
    '    region_name: RegionOne',
    '',
  ].join('\n');
}

function projectNameOf(state: CloudState, userName: string): string {
  const [id] = state.user(userName).roles.keys();
  return state.project(id ?? '').name;
}

export async function startEmbeddedCloud(options: EmbeddedCloudOptions = {}): Promise<EmbeddedCloud> {
  const resolved = resolveOptions(options);
  const faults = new Faults();
  const requests: LoggedRequest[] = [];
  const errors: unknown[] = [];
  const listening = await listen(faults, requests, errors);
  const core: Core = {
    options: resolved,
    state: new CloudState(),
    clock: new Clock(resolved.wholeSeconds),
    ticks: new Ticker(resolved.tickMs, (error) => errors.push(error)),
    origin: listening.origin,
  };
  populate(core);
  listening.serve(
    [keystone(core), cinder(core), glance(core), nova(core), neutron(core), barbican(core), swift(core)],
    core,
  );
  const authUrl = `${listening.origin}/identity/v3`;
  const close = async (): Promise<void> => {
    await core.ticks.close();
    await listening.close();
  };
  return {
    authUrl,
    origin: listening.origin,
    cloudsYaml: (user) => {
      const users = user === undefined ? [...core.state.users.values()].map(({ name }) => name) : [user];
      return `clouds:\n${users.map((name) => cloudEntry(authUrl, name, projectNameOf(core.state, name))).join('')}`;
    },
    openrc: (user = 'demo') => openrcOf(authUrl, user, projectNameOf(core.state, user)),
    requests,
    faults,
    state: core.state,
    seed: makeSeed(core),
    ticks: core.ticks,
    clock: core.clock,
    errors,
    readPlain: (volume, offset, length) => plainSide(core, volume).readPlain(offset, length),
    writePlain: (volume, offset, bytes) => plainSide(core, volume).writePlain(offset, bytes),
    close,
    [Symbol.asyncDispose]: close,
  };
}
