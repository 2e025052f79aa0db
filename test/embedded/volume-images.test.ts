import { embeddedWorld } from '../scenarios/embedded.ts';
import { ofImages } from '../scenarios/of-an-image.ts';
import { suite } from '../scenarios/suite.ts';
import { volumeImageScenarios } from '../scenarios/volume-images.ts';

// Its GiB is small, and so are the images: with the LUKS header inside, they fit in as many as the volumes had.
suite(
  'volumes as images, on the embedded cloud',
  [...volumeImageScenarios, ...ofImages],
  () => embeddedWorld({ capabilities: { luksHeaderInside: true } }),
  300_000,
);
