import type { Session } from '../../src/openstack/session.ts';
import type { Ran, RunOptions } from '../support/tool.ts';

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
  /** An empty directory of this scenario. */
  readonly directory: string;
  /** Runs openstack-backup; everything that it prints is kept for the secret hunt. */
  readonly tool: Tool;
  /** Looks at the cloud as a user, with our own client. */
  session(user?: Person): Promise<Session>;
  makeVolume(wish: VolumeWish): Promise<string>;
  /** Attaches volumes to a new server; the returned function deletes it and waits until they are free. */
  attach(...volumeIds: readonly string[]): Promise<() => Promise<void>>;
  /** Changes bytes of the device itself, also while it is attached. */
  write(volumeId: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** SHA-256 over all bytes of the device: ciphertext for an encrypted one. */
  digest(volumeId: string): Promise<string>;
  /** The first bytes of the volume's contents; through its key for an encrypted one. */
  content(volumeId: string, length: number): Promise<Buffer>;
  /** Takes the key of an encrypted volume away from all but its owner, as its owner may. */
  makeKeyPrivate(volumeId: string): Promise<void>;
  removeVolume(volumeId: string): Promise<void>;
  /** All of the project's volumes and backups that the scenario made are deleted again. */
  close(): Promise<void>;
}
