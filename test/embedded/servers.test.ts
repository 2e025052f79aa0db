import { embeddedWorld } from '../scenarios/embedded.ts';
import { killedAndNeverBuilt } from '../scenarios/killed-server.ts';
import { networkScenarios } from '../scenarios/server-networks.ts';
import { rootVolumeWithImage } from '../scenarios/server-root.ts';
import { serversScenarios } from '../scenarios/servers.ts';
import { suite } from '../scenarios/suite.ts';

// Its GiB is small, and so are the images: with the LUKS header inside, they fit in as many as the volumes had.
suite(
  'servers, on the embedded cloud',
  serversScenarios,
  () => embeddedWorld({ capabilities: { luksHeaderInside: true } }),
  180_000,
);

suite(
  'servers that only the embedded cloud can have',
  [...networkScenarios, rootVolumeWithImage, killedAndNeverBuilt],
  embeddedWorld,
  180_000,
);
