import { embeddedWorld } from '../scenarios/embedded.ts';
import { imagesScenarios } from '../scenarios/images.ts';
import { suite } from '../scenarios/suite.ts';

suite('images, on the embedded cloud', imagesScenarios, () => embeddedWorld(), 180_000);
