import { imagesScenarios } from '../scenarios/images.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('images, on the real cloud', imagesScenarios, realWorld, 900_000);
