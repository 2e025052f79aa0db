import { timestamp } from '../../clock.ts';
import { endFinding } from '../../drill/boot/held.ts';
import { madeForDrill, removeMade } from '../../drill/boot/remove.ts';
import type { Finding } from '../../drill/finding.ts';
import { stopwatch } from '../../drill/stopwatch.ts';
import { OperationError } from '../../errors.ts';
import type { DrillInputs } from '../../inputs/drill.ts';
import type { Session } from '../../openstack/connection.ts';
import { everythingWith } from '../../temporaries/tagged.ts';
import type { Temporary } from '../../temporaries/things.ts';
import type { Context, Outcome } from '../context.ts';
import { recordBeside } from '../record-beside.ts';
import { type HeldDrill, type HeldState, parseHeld } from './held-state.ts';
import { publishDrill, recordedAs } from './record.ts';
import { drillLines, drillSummary, tellFinding } from './show.ts';

/**
 * The end of a drill whose server was left to the later steps of its job, in the post step: looks whether it still stands,
 * decides by how they ended, removes everything, whatever they said, and records it.
 *
 * @param kept what the step kept
 * @throws OperationError if what was made cannot be found
 */
export async function endHeldDrill(
  context: Context,
  given: DrillInputs,
  kept: string,
): Promise<Outcome<never>> {
  const { host } = context;
  const state = parseHeld(kept);
  if (state === undefined)
    throw new OperationError(
      'what the step kept for its post step cannot be read',
      'The next run of any command on the project removes what the drill made.',
    );
  try {
    const session = await context.connect(given);
    refuseOtherProject(session, state);
    const things = await everythingWith(session, state.tags);
    return await ended(context, given, session, state, things);
  } catch (error) {
    if (state.held !== undefined) host.log.warn(stays(state.held));
    throw error;
  }
}

async function ended(
  context: Context,
  given: DrillInputs,
  session: Session,
  { called, held }: HeldState,
  things: readonly Temporary[],
): Promise<Outcome<never>> {
  const { host } = context;
  const now = session.clock.now();
  const isStanding = things.some(({ kind, id }) => kind === 'server' && id === held?.server.serverId);
  const watch = stopwatch(() => host.clock.now());
  const made = things.map(({ kind, id }) => madeForDrill(kind, id));
  await removeMade({ session, log: host.log, signal: host.signal }, made);
  watch.lap('removed');
  if (held === undefined) {
    host.log.warn(`the drill of ${called} decides nothing: interrupted before its server stood`);
    return { outputs: {}, failed: false };
  }
  const finding = endFinding(held.server, { verdict: host.github?.verdict, isStanding, now });
  const checked = Math.max(0, now - held.server.since) / 1000;
  const seconds = { ...held.seconds, checked, ...watch.seconds };
  const lost = finding.undecided === undefined && !(await recorded(context, given, held, finding, seconds));
  const failure = tellFinding(host.log, called, finding, lost);
  const result =
    finding.undecided !== undefined ? 'interrupted' : finding.why === undefined ? 'passed' : 'failed';
  const title = `Drill of ${called}: ${result}`;
  host.log.info(title);
  return {
    outputs: {},
    failed: failure !== '',
    failure,
    summary: drillSummary(title, drillLines(finding, seconds, [`seed ${held.seed}`])),
  };
}

/** @returns whether it is where it should be */
async function recorded(
  context: Context,
  given: DrillInputs,
  { of, seed, started, record: to }: HeldDrill,
  finding: Finding,
  seconds: HeldDrill['seconds'],
): Promise<boolean> {
  if (to === undefined) return true;
  const time = timestamp(context.host.clock);
  const record = recordedAs(of, finding, { level: 'boot', byHand: false, seed, time, seconds });
  const beside = await recordBeside(context, { ...given, publish: to.places }, to.cloud, [], started);
  return (await publishDrill(beside, [record], time)) !== undefined;
}

/** @throws OperationError if the credentials of the post step are for another project than those of the step */
function refuseOtherProject({ scope }: Session, { project }: HeldState): void {
  if (scope.project.id === project) return;
  throw new OperationError(
    `the server of the drill is in project ${project}, and the post step logged in to ${scope.project.name} (${scope.project.id})`,
    'Do not change the credentials between the step and the end of the job. The next run on the other project removes what the drill made.',
  );
}

function stays({ server }: HeldDrill): string {
  return `server ${server.serverId}, made for the drill, and what it has may still stand: the next run of any command on the project removes them`;
}
