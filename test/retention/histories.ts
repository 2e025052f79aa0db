/** One point of a history: its wall clock in the history's zone, "2026-03-29 02:30:00", and its tags. */
export interface Moment {
  readonly wall: string;
  readonly tags: readonly string[];
}

export interface History {
  readonly zone: string;
  readonly moments: readonly Moment[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The same numbers on every machine, so that the table can be made anew and compared. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function wall(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

function history(zone: string, times: readonly number[], tagged: Record<number, string[]> = {}): History {
  return { zone, moments: times.map((time, index) => ({ wall: wall(time), tags: tagged[index] ?? [] })) };
}

function every(from: string, step: number, count: number, jitter: (index: number) => number = () => 0) {
  const start = Date.parse(from);
  return Array.from({ length: count }, (_, index) => start + index * step + jitter(index));
}

/** Ten histories, about a hundred points each: what schedules do, and where calendars are odd. */
export function histories(): Readonly<Record<string, History>> {
  const late = dice(1);
  const dropped = dice(2);
  const random = dice(3);
  return {
    nightly: history('UTC', every('2026-05-01T02:30:00Z', DAY, 110), {
      2: ['pre-deploy'],
      30: ['pre-deploy', 'v1'],
      31: ['v1'],
      75: ['release', 'pre-deploy'],
      109: ['pre-deploy'],
    }),
    'late-nights': history(
      'UTC',
      every('2026-01-20T22:10:00Z', DAY, 100, () => late(7) * HOUR + late(60) * MINUTE),
    ),
    'dropped-nights': history(
      'UTC',
      every('2025-09-01T03:00:00Z', DAY, 140).filter(() => dropped(10) < 7),
      { 3: ['pinned'], 40: ['pinned', 'release'], 41: ['release'], 80: ['other'] },
    ),
    'every-six-hours': history('UTC', every('2026-06-01T00:00:00Z', 6 * HOUR, 110)),
    bursts: history(
      'UTC',
      every('2026-02-10T08:00:00Z', 31 * HOUR, 12).flatMap((at) => [
        ...every(new Date(at).toISOString(), 7 * MINUTE, 6),
        at + 5 * HOUR,
        at + 5 * HOUR + 1000,
        at + 5 * HOUR + 2000,
      ]),
    ),
    weekly: history('UTC', every('2024-01-07T23:59:59Z', 7 * DAY, 110), {
      0: ['release'],
      60: ['release', 'pinned'],
      61: ['pre-deploy', 'v1', 'release'],
    }),
    // Months of all lengths, on their last day: where "a month before" has no such day.
    'month-ends': history(
      'UTC',
      Array.from({ length: 90 }, (_, index) => Date.UTC(2019, index + 1, 0, 12)),
      { 0: ['first'], 50: ['first', 'pinned'] },
    ),
    // ISO weeks that belong to the other year: 2020 has 53.
    'turns-of-years': history('UTC', [
      ...every('2018-12-25T06:00:00Z', DAY, 15),
      ...every('2019-12-25T06:00:00Z', DAY, 15),
      ...every('2020-12-22T06:00:00Z', DAY, 20),
      ...every('2021-12-25T06:00:00Z', DAY, 15),
      ...every('2024-02-26T06:00:00Z', DAY, 7),
      ...every('2024-12-26T06:00:00Z', DAY, 12),
    ]),
    // Both changes of the clock, night by night and hour by hour.
    'summer-time': history('Europe/Berlin', [
      ...every('2025-10-20T00:30:00Z', DAY, 6),
      ...every('2025-10-25T20:15:00Z', HOUR, 14),
      ...every('2025-10-27T23:30:00Z', DAY, 20),
      ...every('2026-03-15T23:45:00Z', DAY, 13),
      ...every('2026-03-28T20:15:00Z', HOUR, 5),
      ...every('2026-03-29T03:15:00Z', HOUR, 9),
      ...every('2026-03-30T00:15:00Z', DAY, 30),
    ]),
    random: history(
      'America/New_York',
      Array.from({ length: 90 }, () => Date.UTC(2023, 0, 1) + random(3 * 365 * 24 * 60) * MINUTE).sort(
        (a, b) => a - b,
      ),
      { 10: ['pinned'], 60: ['release', 'pinned', 'x'] },
    ),
  };
}
