import type { Session } from '../../src/openstack/connection.ts';
import type { Ran, RunOptions } from '../support/tool.ts';
import type { ImageWish } from './fixtures/images.ts';
import type { SecretWish } from './fixtures/secrets.ts';
import type { MadeServer, ServerWish } from './fixtures/servers.ts';
import type { LeftBehind } from './left-behind.ts';

/** `small` has a project of its own, the others share one. */
export type Person = 'demo' | 'small' | 'reader' | 'nokeys';

export interface VolumeWish {
  readonly name: string;
  readonly type?: 'standard' | 'luks' | 'luks-other';
  readonly size?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly bootable?: boolean;
  readonly user?: Person;
  /** What the volume holds at its beginning; through the key of an encrypted one. */
  readonly content?: Uint8Array;
}

export type Tool = (
  words: readonly string[],
  options?: { user?: Person } & Partial<RunOptions>,
) => Promise<Ran>;

/**
 * A cloud to try a scenario on: the embedded one or a real one. The scenarios are the same, so that the embedded one
 * cannot drift from what the real one does.
 */
export interface World {
  readonly kind: 'embedded' | 'real';
  /** What the cloud itself answers to be. */
  release(): Promise<string>;
  /** An empty directory of this scenario. */
  readonly directory: string;
  /** Runs openstack-backup; everything that it prints is kept for the secret hunt. */
  readonly tool: Tool;
  /** OS_* of a user. */
  environment(user: Person): Record<string, string>;
  /** Looks at the cloud as a user, with our own client. */
  session(user?: Person): Promise<Session>;
  makeVolume(wish: VolumeWish): Promise<string>;
  /** Attaches volumes to a new server; the returned function deletes it and waits until they are free. */
  attach(...volumeIds: readonly string[]): Promise<() => Promise<void>>;
  /** Changes bytes of the device itself, also while it is attached. */
  write(volumeId: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** Bytes of the device: an encrypted one's LUKS header may lie behind what Cinder calls the volume's size. */
  deviceSize(volumeId: string): Promise<number>;
  /**
   * A digest of the device's first bytes, all of them unless told: ciphertext for an encrypted one. To be compared with
   * others of the same world only.
   */
  digest(volumeId: string, length?: number): Promise<string>;
  /** The first bytes of the volume's contents; through its key for an encrypted one. */
  content(volumeId: string, length: number, user?: Person): Promise<Buffer>;
  /** An encrypted volume opened past all services with its key: how many bytes it holds, and a digest of the first of them. */
  opened(volumeId: string, length?: number): Promise<Opened>;
  /** Takes the key of an encrypted volume away from all but its owner, as its owner may. */
  makeKeyPrivate(volumeId: string): Promise<void>;
  removeVolume(volumeId: string, user?: Person): Promise<void>;
  makeImage(wish: ImageWish & AsUser): Promise<string>;
  /** SHA-256 over all of its data, as the user downloads it. */
  imageDigest(imageId: string, user?: Person): Promise<string>;
  imageBytes(imageId: string, user?: Person): Promise<Buffer>;
  /** Also a protected one. */
  removeImage(imageId: string, user?: Person): Promise<void>;
  /** Its payload is hunted when the world closes. */
  makeSecret(wish: SecretWish & AsUser): Promise<string>;
  secretBytes(secretId: string, user?: Person): Promise<Buffer>;
  removeSecret(secretId: string, user?: Person): Promise<void>;
  makeServer(wish: ServerWish & AsUser): Promise<MadeServer>;
  /** @returns the public key */
  makeKeyPair(name: string, user?: Person): Promise<string>;
  /** A digest of the root disk of an image-backed server. To be compared with others of the same world only. */
  rootDigest(serverId: string): Promise<string>;
  /** Changes bytes of the root disk of an image-backed server, running or not. */
  writeRoot(serverId: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** What a project has now and had not at the beginning, once nothing is being deleted any more. */
  leftBehind(user?: Person): Promise<LeftBehind>;
  /** Searches all output for secrets, then deletes all that the scenario made, in both projects. */
  close(): Promise<void>;
}

export interface Opened {
  readonly bytes: number;
  /** SHA-256 of all of them, or of those that were asked for. */
  readonly digest: string;
}

export interface AsUser {
  readonly user?: Person;
}
