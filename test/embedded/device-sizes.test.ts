import { deviceSizes } from '../scenarios/device-sizes.ts';
import { embeddedWorld } from '../scenarios/embedded.ts';
import { suite } from '../scenarios/suite.ts';

suite(
  'encrypted devices of other sizes, on the embedded cloud',
  deviceSizes,
  () => embeddedWorld({ gibBytes: 16 * 1024 ** 2 }),
  180_000,
);
