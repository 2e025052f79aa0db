import { dumped } from '../scenarios/dump.ts';
import { embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { suite } from '../scenarios/suite.ts';

suite('dump', [dumped], () => embeddedWorld({ gibBytes: SMALL_GIB }), 120_000);
