import { secretsScenarios } from '../scenarios/secrets.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('keys, on the real cloud', secretsScenarios, realWorld, 900_000);
