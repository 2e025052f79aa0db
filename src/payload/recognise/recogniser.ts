import { DISK_HEAD, diskIn } from '../disk-head.ts';
import { gptIn } from './gpt.ts';
import { chainedIn, mbrIn } from './mbr.ts';
import { type Chained, MOST_PARTITIONS, type Partition, type Table } from './partition.ts';
import { Window } from './window.ts';

/** What a disk holds, as far as the headers of the formats say. */
export interface Recognised {
  /** "a GPT partition table", "ext4"; undefined: nothing that is known. */
  readonly what: string | undefined;
  /** Whether its first MiB is zeros. */
  readonly blank: boolean;
  readonly partitions: readonly SeenPartition[];
  /** What contradicts: a checksum, a partition beyond the end. */
  readonly faults: readonly string[];
  /** Bytes of the disk. */
  readonly size: number;
}

export interface SeenPartition extends Partition {
  /** Undefined: nothing that is known. */
  readonly what: string | undefined;
}

/** The furthest that a known header reaches into a partition. */
const PARTITION_HEAD = 128 * 1024;
const BOOT_RECORD = 512;

interface Place {
  readonly window: Window;
  /** Called once, with what came. */
  seen(bytes: Buffer): void;
}

/**
 * Recognises the partition table and the file systems of a disk as it flows by, from its first byte to its last. Holds
 * the heads of the partitions that flow by, no more.
 */
export class Recogniser {
  #at = 0;
  #places: Place[] = [];
  #what: string | undefined;
  #blank = false;
  readonly #partitions: { partition: Partition; what: string | undefined }[] = [];
  readonly #faults: string[] = [];

  constructor() {
    this.#look(0, DISK_HEAD, (head) => this.#disk(head));
  }

  push(piece: Uint8Array): void {
    // Grows while it is walked: what a table names may begin in the same piece.
    for (let nth = 0; nth < this.#places.length; nth++) {
      const place = this.#places[nth] as Place;
      if (place.window.isFull) continue;
      place.window.take(this.#at, piece);
      if (place.window.isFull) place.seen(place.window.bytes);
    }
    this.#at += piece.length;
    this.#places = this.#places.filter(({ window }) => !window.isFull && !window.isMissed(this.#at));
  }

  /** What it all was. Call it once, at the end of the disk. */
  finish(): Recognised {
    for (let nth = 0; nth < this.#places.length; nth++) {
      const { window, seen } = this.#places[nth] as Place;
      if (window.isFull) continue;
      seen(window.bytes);
    }
    this.#places = [];
    const size = this.#at;
    return {
      what: this.#what,
      blank: this.#blank,
      partitions: this.#partitions.map(({ partition, what }) => ({ ...partition, what })),
      faults: [
        ...this.#faults,
        ...this.#partitions
          .filter(({ partition }) => partition.start + partition.size > size)
          .map(({ partition: { number } }) => `partition ${number} ends beyond the end of the disk`),
      ],
      size,
    };
  }

  #look(start: number, size: number, seen: (bytes: Buffer) => void, head?: Buffer): void {
    const window = new Window(start, size);
    if (head !== undefined) window.take(0, head);
    this.#places.push({ window, seen });
    if (window.isFull) seen(window.bytes);
  }

  #disk(head: Buffer): void {
    this.#blank = head.every((byte) => byte === 0);
    const gpt = gptIn(head);
    const found = diskIn(head);
    const table = gpt ?? (found === 'an MBR partition table' ? mbrIn(head) : undefined);
    this.#what = table?.what ?? found;
    if (table !== undefined) this.#table(table, head);
  }

  #table({ partitions, next, fault }: Pick<Table, 'partitions' | 'next' | 'fault'>, head?: Buffer): void {
    if (fault !== undefined) this.#faults.push(fault);
    for (const partition of partitions) {
      if (this.#partitions.length >= MOST_PARTITIONS) return;
      const one: { partition: Partition; what: string | undefined } = { partition, what: undefined };
      this.#partitions.push(one);
      const size = Math.min(partition.size, PARTITION_HEAD);
      this.#look(
        partition.start,
        size,
        (bytes) => {
          one.what = diskIn(bytes);
        },
        head,
      );
    }
    if (next !== undefined) this.#chained(next, head);
  }

  #chained(chained: Chained, head?: Buffer): void {
    this.#look(chained.at, BOOT_RECORD, (record) => this.#table(chainedIn(record, chained), head), head);
  }
}
