import { embeddedWorld } from '../scenarios/embedded.ts';
import { suite } from '../scenarios/suite.ts';
import { volumesScenarios } from '../scenarios/volumes.ts';

suite('volumes, on the embedded cloud', volumesScenarios, () => embeddedWorld(), 180_000);
