import { ofImages } from '../scenarios/of-an-image.ts';
import { suite } from '../scenarios/suite.ts';
import { volumeImageScenarios } from '../scenarios/volume-images.ts';
import { realWorld } from './world.ts';

suite('volumes as images, on the real cloud', [...volumeImageScenarios, ...ofImages], realWorld, 1_800_000);
