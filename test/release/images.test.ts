import { realWorld } from '../cloud/world.ts';
import { imagesScenarios } from '../scenarios/images.ts';
import { ofPlainImage } from '../scenarios/of-an-image.ts';
import { suite } from '../scenarios/suite.ts';

const images = imagesScenarios.filter(({ name }) => /^(an image comes back|bytes that)/.test(name));

suite(
  'images, and a volume of an odd one, on an older release',
  [ofPlainImage, ...images],
  realWorld,
  900_000,
);
