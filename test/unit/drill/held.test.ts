import { describe, expect, test } from '@jest/globals';
import { type Ending, endFinding } from '../../../src/drill/boot/held.ts';
import type { Held } from '../../../src/drill/held.ts';

const MINUTE = 60_000;
const held: Held = {
  serverId: 's',
  address: '10.0.0.9',
  volumeId: 'v',
  volumeIds: ['v'],
  tags: ['t'],
  ran: 'the server ran with flavor tiny, without a network',
  booted: { kind: 'seen', afterMs: 3000, words: '"login:"' },
  since: 0,
  until: 30 * MINUTE,
};
const end = (more: Partial<Ending>, of: Partial<Held> = {}) =>
  endFinding({ ...held, ...of }, { verdict: 'success', isStanding: true, now: 5 * MINUTE, ...more });

describe('the end of a drill whose server was held', () => {
  test('steps that succeed while it stands prove what the user wants to know', () => {
    const { reached, why, undecided, seen } = end({});
    expect({ reached, why, undecided }).toEqual({ reached: 'L5' });
    expect(seen).toEqual([
      held.ran,
      '"login:" on its console after 3 s',
      'the check said yes: no later step of the job failed',
    ]);
  });

  test('a step that fails is a check that says no, which takes back what its console proved', () => {
    const { reached, why, undecided } = end({ verdict: 'failure' });
    expect({ reached, why, undecided }).toEqual({
      reached: null,
      why: 'the check said no: a later step of the job failed',
    });
  });

  test.each<[Partial<Ending>, string]>([
    [{ verdict: 'cancelled' }, 'the job was cancelled'],
    [{ verdict: 'skipped' }, 'the step that decides was skipped'],
    [{ verdict: undefined }, 'the runner did not say'],
    [{ verdict: 'Success' }, 'the runner did not say'],
    [{ isStanding: false }, 'the server was gone'],
    [{ isStanding: false, verdict: 'failure' }, 'the server was gone'],
    [{ now: 30 * MINUTE + 1 }, 'longer than the 30 min'],
    [{ now: 30 * MINUTE + 1, verdict: 'failure' }, 'longer than the 30 min'],
  ])('%j decides nothing', (more, said) => {
    const { reached, why, undecided, seen } = end(more);
    expect({ reached, why }).toEqual({ reached: null });
    expect(undecided).toMatch(/^interrupted: /);
    expect(undecided).toContain(said);
    expect(seen.join()).not.toContain('the check');
  });

  test('the last moment still counts', () => expect(end({ now: 30 * MINUTE }).reached).toBe('L5'));

  test('an empty console does not keep the steps from deciding', () =>
    expect(end({}, { booted: { kind: 'silent', words: 'x' } }).reached).toBe('L5'));
});
