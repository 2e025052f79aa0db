import { storeByHand } from '../../drill/by-hand/bytes.ts';
import { programsIn } from '../../drill/by-hand/tools.ts';
import { fillByHand } from '../../drill/by-hand/volume.ts';
import { drillBytes } from '../../drill/bytes.ts';
import { storedParts } from '../../drill/candidates.ts';
import type { Finding } from '../../drill/finding.ts';
import { drillVolume } from '../../drill/volume.ts';
import type { Environment } from '../../environment.ts';
import { loadCloud } from '../../openstack/config/load.ts';
import { volumeRestoring } from '../../restore/volume/kind.ts';
import { gigabytesOf } from '../../restore/volume/plan.ts';
import { Book } from '../../runbook/book.ts';
import { commandsIn } from '../../runbook/commands.ts';
import { GIB } from '../../text/bytes.ts';
import { environmentOf } from '../environment-of.ts';
import { atHand } from './at-hand.ts';
import { type Drilling, neededSession, type Trial } from './level.ts';
import { trustedRunbook } from './runbook.ts';
import { plannedVolume } from './volume-volume.ts';

/** `bytes`, by hand: what is in the store is compared and opened by the commands of `RESTORE.md`. */
export async function bytesByHand(drilling: Drilling): Promise<Trial> {
  const { commands } = await followed(drilling);
  const parts = storedParts(drilling.subject);
  const payloads = parts.flatMap(({ whole }) => whole ?? []);
  const programs = programsIn(commands.before);
  const work = await atHand(drilling, payloads, programs);
  const gigabytes = payloads.reduce((sum, { size }) => sum + size, 0) / GIB;
  return {
    show: () => undefined,
    planned: undefined,
    async prove(watch, tools) {
      try {
        const finding = await work({ gigabytes, cloud: undefined }, (hand) =>
          drillBytes(parts, storeByHand(hand, commands), tools),
        );
        return byHand(programs, finding);
      } finally {
        watch.lap('checked');
      }
    },
  };
}

/** `volume`, of a volume, by hand: restored by the commands of `RESTORE.md`, and read back through an image. */
export async function volumeByHand(drilling: Drilling): Promise<Trial> {
  const { context, given, store } = drilling;
  const session = neededSession(drilling);
  const { manifest, commands } = await followed(drilling);
  const { point, plan } = await plannedVolume({ ...drilling, manifest });
  const payload = point.method === 'image' ? point.payload : null;
  // The cloud keeps the key of what stays there.
  const key = payload === null ? undefined : new Book(manifest).key(point.resource.encryption?.key.point);
  const points = [...(key === undefined ? [] : [key]), point];
  const programs = programsIn([...commands.before, ...commands.cloud]);
  const work = await atHand(
    drilling,
    [...(key === undefined ? [] : [key.payload]), ...(payload === null ? [] : [payload])],
    programs,
  );
  const { environment, directory } = context.host;
  const choice = { cloud: given.cloud, region: given.region, cloudsYaml: given['clouds-yaml'] };
  const cloud = await loadCloud(choice, environment, directory);
  const restored = {
    commands,
    points: points.map(({ id }) => id),
    variable: new Book(manifest).variable('volume', point.id),
    name: point.resource.name,
    // An image first, and a volume of it.
    gigabytes: 2 * gigabytesOf(plan),
  };
  return {
    show: (log) => volumeRestoring.show(plan, log),
    planned: volumeRestoring.planned(plan),
    async prove(watch, tools) {
      const finding = await work({ gigabytes: restored.gigabytes, cloud }, (hand) => {
        const fill = (scratch: Environment) => fillByHand(scratch, hand, restored);
        const subject = { manifest, point, plan, fill };
        return drillVolume(environmentOf(context, session), subject, store, watch, tools);
      });
      return byHand(programs, finding);
    },
  };
}

/** The commands of the restore point's own `RESTORE.md`. */
async function followed({ context, given, subject }: Drilling) {
  const { manifest, text } = await trustedRunbook(context, given, subject);
  return { manifest, commands: commandsIn(text, manifest) };
}

function byHand(programs: readonly string[], finding: Finding): Finding {
  const how = `by hand: RESTORE.md, carried out with ${programs.join(', ')}`;
  return { ...finding, seen: [how, ...finding.seen] };
}
