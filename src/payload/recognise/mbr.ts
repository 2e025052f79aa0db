import { type Chained, MOST_PARTITIONS, type Partition, type Table } from './partition.ts';

const SECTOR = 512;
const FIRST_LOGICAL = 5;
const EXTENDED: ReadonlySet<number> = new Set([0x05, 0x0f, 0x85]);

interface Entry extends Partition {
  readonly type: number;
}

/** The MBR partition table in a boot sector that is known to have one. Sectors have 512 bytes. */
export function mbrIn(head: Buffer): Table {
  const entries = entriesIn(head);
  const extended = entries.find(({ type }) => EXTENDED.has(type));
  return {
    what: 'an MBR partition table',
    partitions: entries.filter(({ type }) => !EXTENDED.has(type)),
    next: extended && { at: extended.start, base: extended.start, number: FIRST_LOGICAL },
  };
}

/** What an extended boot record says: its partition counts from itself, the next record from the first one. */
export function chainedIn(
  record: Buffer,
  { at, base, number }: Chained,
): Pick<Table, 'partitions' | 'next' | 'fault'> {
  if (record.length < SECTOR || record.readUInt16LE(510) !== 0xaa55)
    return { partitions: [], fault: `there is no boot record for logical partition ${number}` };
  const entries = entriesIn(record);
  const own = entries.find(({ type }) => !EXTENDED.has(type));
  const next = entries.find(({ type }) => EXTENDED.has(type));
  const goesOn = next !== undefined && base + next.start > at && number < MOST_PARTITIONS;
  return {
    partitions: own === undefined ? [] : [{ number, start: at + own.start, size: own.size }],
    next: goesOn ? { at: base + next.start, base, number: number + 1 } : undefined,
  };
}

function entriesIn(sector: Buffer): Entry[] {
  return [446, 462, 478, 494].flatMap((at, index): Entry[] => {
    const [type, start, count] = [
      sector[at + 4] ?? 0,
      sector.readUInt32LE(at + 8),
      sector.readUInt32LE(at + 12),
    ];
    if (type === 0 || count === 0) return [];
    return [{ number: index + 1, type, start: start * SECTOR, size: count * SECTOR }];
  });
}
