import { serversScenarios } from '../scenarios/servers.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('servers, on the real cloud', serversScenarios, realWorld, 900_000);
