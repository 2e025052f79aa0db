import { realWorld } from '../cloud/world.ts';
import { ofAnImage } from '../scenarios/of-an-image.ts';
import { runbookScenarios } from '../scenarios/runbook.ts';
import { suite } from '../scenarios/suite.ts';

const byHand = runbookScenarios.filter(({ name }) => /(Cinder backups|an image|keys),? /.test(name));

suite('RESTORE.md and odd images, on an older release', [...byHand, ofAnImage], realWorld, 900_000);
