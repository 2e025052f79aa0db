import { embeddedWorld } from '../scenarios/embedded.ts';
import { secretsScenarios } from '../scenarios/secrets.ts';
import { suite } from '../scenarios/suite.ts';

suite('keys, on the embedded cloud', secretsScenarios, () => embeddedWorld(), 180_000);
