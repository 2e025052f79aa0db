import { realWorld } from '../cloud/world.ts';
import { runbookScenarios } from '../scenarios/runbook.ts';
import { suite } from '../scenarios/suite.ts';

const byHand = runbookScenarios.filter(({ name }) => /(Cinder backups|an image|keys),? /.test(name));

suite('RESTORE.md, on an older release', byHand, realWorld, 900_000);
