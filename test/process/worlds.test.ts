import { embeddedWorld } from '../scenarios/embedded.ts';
import { suite } from '../scenarios/suite.ts';
import { worldScenarios } from '../scenarios/worlds.ts';

suite('the world of the embedded cloud', worldScenarios, () => embeddedWorld(), 60_000);
