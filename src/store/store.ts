import type { Readable } from 'node:stream';

/**
 * Where payloads go: bytes that leave the cloud, each under a name. Nothing here assumes a file system, and nothing
 * needs the size beforehand: bytes stream in and out.
 *
 * A name is made by `payloadName`. A payload is never changed: who writes a name that exists gets an error.
 */
export interface PayloadSink {
  /** As the input `store` names it; for messages. */
  readonly place: string;
  /**
   * Finds out before the run starts whether it can be written there, and removes what dead runs left that no
   * manifest names.
   *
   * @throws InputError
   */
  prepare(): Promise<void>;
  /** @throws OperationError where the name exists */
  open(name: string): Promise<PayloadWriter>;
  /**
   * Lets a payload go, to be said right before a manifest names it. Until then it is the run's own, and the next run
   * removes it where this one dies. So one may stay that nobody names, and none is removed that somebody names.
   */
  keep(name: string): Promise<void>;
  /** One that is not there is removed already. */
  remove(name: string): Promise<void>;
}

/** One payload as it is written. Until `finish` nobody sees it under its name, also when the process dies. */
export interface PayloadWriter {
  /** Takes all bytes, at the pace of the place. Once. */
  write(bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Makes it lasting, and seen under its name. */
  finish(): Promise<Stored>;
  /** Lets go of what was written. After `finish` it does nothing. */
  discard(): Promise<void>;
}

/** What lies in the store. */
export interface Stored {
  /** Bytes. */
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Where payloads come from. What it gives is not trusted: who reads compares size and digest. */
export interface PayloadSource {
  readonly place: string;
  /**
   * @returns bytes
   * @throws InputError when it is not there
   */
  size(name: string): Promise<number>;
  /** @throws InputError when it is not there */
  read(name: string): Promise<Readable>;
}

export interface PayloadStore extends PayloadSink, PayloadSource {}
