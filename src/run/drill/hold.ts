import type { Finding } from '../../drill/finding.ts';
import type { Held } from '../../drill/held.ts';
import { InputError } from '../../errors.ts';
import type { DrillInputs } from '../../inputs/drill.ts';
import type { Session } from '../../openstack/connection.ts';
import { KEPT } from '../../ports/github.ts';
import { forLog, quoted } from '../../text/escape.ts';
import type { Subject } from '../../verify/subjects.ts';
import type { Context } from '../context.ts';
import type { RecordBeside } from '../record-beside.ts';
import type { HeldDrill, HeldState } from './held-state.ts';
import { drilledPoint, drillSummary } from './show.ts';

type Holding = Pick<DrillInputs, 'hold' | 'plan' | 'each' | 'by-hand' | 'level' | 'check'>;

/**
 * Refuses `hold` where no post step would end it, or where it means nothing.
 *
 * @throws InputError
 */
export function refuseHold({ host }: Pick<Context, 'host'>, given: Holding): void {
  if (given.hold === 0) return;
  for (const other of ['plan', 'each', 'by-hand', 'check'] as const)
    if (given[other] !== undefined && given[other] !== false)
      throw new InputError(
        `\`hold\` and \`${other}\` contradict each other`,
        'One server of one drill is held, and the later steps decide about it: leave one out.',
      );
  if (given.level !== 'boot')
    throw new InputError(
      `\`level: ${given.level}\` makes no server that could be held`,
      'Use `level: boot`, or leave `hold` out.',
    );
  const { github, environment } = host;
  if (github === undefined || !environment['GITHUB_STATE'])
    throw new InputError(
      '`hold` needs the post step of an action, which removes the server when the job ends',
      'Use it in a workflow (`uses:`). Elsewhere, give a command as `check`: it runs while the server stands.',
    );
  const { verdict } = github;
  if (verdict === undefined || verdict === 'success') return;
  throw new InputError(
    verdict.startsWith('$' + '{{')
      ? 'this runner does not evaluate the default of `verdict`, so nothing would decide'
      : `\`verdict\` is ${quoted(forLog(verdict))} before the drill begins, so the later steps could decide nothing`,
    'Drill in a job whose earlier steps succeed, or name the step that decides, as `steps.ID.outcome`, in `verdict`.',
  );
}

/** Keeps for the post step how to find what is made, as soon as anything is: this process may be killed. */
export function keepTags(
  { host }: Context,
  { hold }: Pick<DrillInputs, 'hold'>,
  session: Session,
  subject: Pick<Subject, 'entry'>,
  tags: readonly string[],
): void {
  if (hold === 0) return;
  const state: HeldState = { project: session.scope.project.id, called: drilledPoint(subject), tags };
  host.github?.remember(KEPT, tags.length === 0 ? '' : JSON.stringify(state));
}

/** What a drill is, whose server stands. */
interface Standing extends Pick<HeldDrill, 'seed' | 'seconds' | 'started'> {
  readonly session: Session;
  readonly subject: Subject;
  readonly finding: Finding;
  readonly held: Held;
  readonly beside: RecordBeside | undefined;
}

/** Hands the drill over to the later steps, and by `kept` to the post step. */
export function heldOutcome(
  { host }: Context,
  { session, subject, finding, held, seed, seconds, started, beside }: Standing,
) {
  const { entry, cloud } = subject;
  const { point, kind, id, name, time } = entry;
  const called = drilledPoint(subject);
  const state: HeldState = {
    project: session.scope.project.id,
    called,
    tags: held.tags,
    held: {
      server: held,
      of: { point, resource: { kind, id } },
      seed,
      seconds,
      started,
      record: cloud && beside && { cloud, places: beside.places },
    },
  };
  const until = new Date(held.until).toISOString();
  const console = `openstack console log show ${held.serverId}`;
  const title = `Drill of ${called}: held`;
  const lines = [
    ...finding.seen,
    `server ${held.serverId}${held.address === undefined ? '' : `, ${held.address}`}, stands for the later steps until ${until}`,
    `its console: ${console}`,
    `seed ${seed}`,
  ];
  for (const line of lines) host.log.info(line);
  return {
    outputs: {
      level: 'boot',
      result: 'held',
      seen: JSON.stringify(finding.seen),
      seconds: JSON.stringify(seconds),
      'server-id': held.serverId,
      address: held.address ?? '',
      'volume-id': held.volumeId ?? '',
      'volume-ids': JSON.stringify(held.volumeIds),
      console,
      'held-until': until,
      seed: String(seed),
      kind,
      id,
      name,
      point,
      time,
    },
    failed: false,
    kept: JSON.stringify(state),
    summary: drillSummary(title, lines),
  };
}
