import { rawScenarios } from '../scenarios/raw.ts';
import { suite } from '../scenarios/suite.ts';
import { realWorld } from './world.ts';

suite('raw disks, on the real cloud', rawScenarios, realWorld, 900_000, ['qemu-img']);
