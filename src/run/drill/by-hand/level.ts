import { fillByHand, lookByHand } from '../../../drill/by-hand/fill.ts';
import type { Hand } from '../../../drill/by-hand/hand.ts';
import { programsIn } from '../../../drill/by-hand/tools.ts';
import type { Way } from '../../../drill/way.ts';
import type { Environment } from '../../../environment.ts';
import { getVolume } from '../../../openstack/blockstorage/v3/volumes.ts';
import { loadCloud } from '../../../openstack/config/load.ts';
import { getImage } from '../../../openstack/image/v2/images.ts';
import { Book } from '../../../runbook/book.ts';
import type { Commands } from '../../../runbook/commands.ts';
import type { Drilling, Level, Trial } from '../level.ts';
import { atHand } from './at-hand.ts';
import { blamed, blaming } from './blame.ts';
import { followed } from './followed.ts';
import { gigabytesOf, payloadsOf, restoredWith } from './parts.ts';
import { toldByHand } from './told.ts';

/** A level that restores something, by hand: by the commands of `RESTORE.md`, in place of the program's own. */
export function levelByHand(level: (drilling: Drilling, way: Way) => Promise<Trial>): Level {
  return async (drilling) => {
    const { context, given, subject } = drilling;
    const { manifest, commands } = await followed(drilling);
    const points = restoredWith(manifest, subject.entry.point);
    const payloads = payloadsOf(points);
    const programs = programsIn([...commands.before, ...commands.cloud]);
    const work = await atHand(drilling, payloads, programs);
    const { environment, directory } = context.host;
    const choice = { cloud: given.cloud, region: given.region, cloudsYaml: given['clouds-yaml'] };
    const cloud = await loadCloud(choice, environment, directory);
    const gigabytes = Math.max(0, ...points.map(gigabytesOf));
    let hand: Hand | undefined;
    const way = wayByHand({ ...drilling, manifest }, commands, () => {
      if (hand === undefined) throw new TypeError('there is no hand yet');
      return hand;
    });
    const trial = await level({ ...drilling, manifest }, way);
    return {
      ...trial,
      async prove(watch, tools) {
        const finding = await blaming(drilling, payloads, () =>
          work({ gigabytes, cloud }, (opened) => {
            hand = opened;
            return trial.prove(watch, tools);
          }),
        );
        return toldByHand(programs, finding);
      },
    };
  };
}

function wayByHand(drilling: Drilling, commands: Commands, hand: () => Hand): Way {
  const { manifest } = drilling;
  const filled = async (environment: Environment, id: string, kind: 'volume' | 'image' | 'secret') => {
    const points = restoredWith(manifest, id);
    return fillByHand(environment, hand(), {
      commands,
      kind,
      points: points.map((point) => point.id),
      variable: new Book(manifest).variable(kind, id),
      name: points.at(-1)?.resource.name ?? '',
      gigabytes: Math.max(...points.map(gigabytesOf)),
    });
  };
  return {
    volume: (point) => async (environment) => {
      const { id, remove } = await filled(environment, point, 'volume');
      try {
        const volume = await getVolume(await environment.session.service('block-storage'), id);
        return { volume, unseen: [] };
      } catch (error) {
        await remove();
        throw error;
      }
    },
    image: (point) => async (environment) => {
      const { id, remove } = await filled(environment, point, 'image');
      try {
        const image = await getImage(await environment.session.service('image'), id);
        return { image, unseen: undefined, wrapped: false, remove };
      } catch (error) {
        await remove();
        throw error;
      }
    },
    secret: (point) => async (environment) => (await filled(environment, point, 'secret')).id,
    kept: (point) => (environment) => lookByHand(environment, hand(), { commands, points: [point] }),
    blame: (error, points) =>
      blamed(drilling, payloadsOf(points.flatMap((id) => restoredWith(manifest, id))), error),
  };
}
