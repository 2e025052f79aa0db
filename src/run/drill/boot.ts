import { duration } from '../../clock.ts';
import { drillBoot } from '../../drill/boot/boot.ts';
import { parseExpect } from '../../drill/boot/expect.ts';
import { type BootDisk, type BootPlan, type BootWishes, planBoot } from '../../drill/boot/plan.ts';
import { InputError } from '../../errors.ts';
import type { DrillInputs } from '../../inputs/drill.ts';
import type { Log } from '../../ports/log.ts';
import { imageRestoring } from '../../restore/image/kind.ts';
import { volumeRestoring } from '../../restore/volume/kind.ts';
import { quoted } from '../../text/escape.ts';
import type { Json } from '../../text/redact-json.ts';
import { environmentOf } from '../environment-of.ts';
import { makingRoom } from '../room.ts';
import { keepTags } from './hold.ts';
import { type Drilling, drillName, neededSession, type Trial } from './level.ts';

/** `boot`: a server is made of what was restored, isolated, and its console says whether it boots. */
export function bootLevel(kind: 'volume' | 'server' | 'image') {
  return async (drilling: Drilling): Promise<Trial> => {
    const { context, given, manifest, subject, store } = drilling;
    const { host } = context;
    const session = neededSession(drilling);
    const wishes = bootWishes(given);
    const of = { kind, point: subject.entry.point };
    const { plan } = await makingRoom(session, host, context.dryRun, () =>
      planBoot(session, manifest, of, drillName(subject), wishes, store),
    );
    return {
      show: (log) => showBoot(plan, log),
      planned: plannedBoot(plan),
      prove: (watch, tools) =>
        drillBoot(environmentOf(context, session), plan, store, watch, {
          ...tools,
          environment: host.environment,
          directory: host.directory,
          redact: (text) => host.secrets.redact(text),
          noted: (tags) => keepTags(context, given, session, subject, tags),
        }),
    };
  };
}

/**
 * What a drill of level `boot` is told; the other levels are told none of it.
 *
 * @throws InputError for what does not fit
 */
export function bootWishes(given: DrillInputs): BootWishes {
  const { network, flavor, expect, check, hold, 'security-groups': securityGroups } = given;
  if (network.length === 0)
    throw new InputError(
      'no network given for the server of the drill',
      'Give `network`: a network that may hold it, or `none`.',
    );
  if (network.length > 1 && network.includes('none'))
    throw new InputError('`network` has `none` beside others', 'Give only `none`, or only networks.');
  if (network[0] === 'none' && securityGroups.length > 0)
    throw new InputError('`security-groups` protect no server without a network', 'Leave them out.');
  if (expect === undefined && check === undefined && hold === 0)
    throw new InputError(
      'nothing says whether the server boots',
      'Give `expect`, a text that its console shows then, such as `login:`, or `check`, a command.',
    );
  return {
    networks: network,
    securityGroups,
    flavor,
    expected: expect === undefined ? undefined : parseExpect(expect),
    check,
    hold: hold === 0 ? undefined : hold * 60_000,
    withinMs: given['boot-timeout'] * 60_000,
  };
}

function showBoot({ disks, flavor, network, wishes }: BootPlan, log: Log): void {
  for (const disk of disks) showDisk(disk, log);
  const where =
    network.networks.length === 0
      ? 'without a network'
      : `in ${network.networks.map(({ name }) => quoted(name)).join(', ')}, ${network.securityGroups === undefined ? 'with a security group without rules' : 'with the given security groups'}`;
  log.info(`a server of flavor ${quoted(flavor.name)} boots from it, ${where}`);
  if (wishes.expected !== undefined) log.info(`${wishes.expected.words} must be on its console`);
  if (wishes.check !== undefined) log.info('a check decides');
  if (wishes.hold !== undefined)
    log.info(`the later steps of the job decide, within ${duration(wishes.hold)}`);
}

function showDisk(disk: BootDisk, log: Log): void {
  if (disk.as === 'volume') volumeRestoring.show(disk.plan, log);
  else if (disk.as === 'image') imageRestoring.show(disk.plan, log);
  else log.info(`image ${disk.id} stayed in the cloud: the server boots from it`);
}

function plannedBoot({ disks, flavor, network }: BootPlan): Json {
  return {
    flavor: flavor.name,
    networks: network.networks.map(({ id, name }) => ({ id, name })),
    disks: disks.map((disk) =>
      disk.as === 'kept'
        ? { kept: disk.id }
        : {
            restore:
              disk.as === 'volume' ? volumeRestoring.planned(disk.plan) : imageRestoring.planned(disk.plan),
          },
    ),
  };
}
