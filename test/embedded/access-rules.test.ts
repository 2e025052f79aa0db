import { jest } from '@jest/globals';
import { proveRows } from '../support/access-rules/prove.ts';
import { otherRows } from '../support/access-rules/rows.ts';

jest.setTimeout(120_000);

proveRows(otherRows);
