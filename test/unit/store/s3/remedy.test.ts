import { expect, test } from '@jest/globals';
import type { Refusal } from '../../../../src/store/s3/refusal.ts';
import { remedyFor, type Sent } from '../../../../src/store/s3/remedy.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const REFUSAL: Refusal = {
  status: 403,
  code: undefined,
  words: '',
  region: undefined,
  location: undefined,
  date: NOW,
  requestId: undefined,
  retryAfterMs: undefined,
};
const SENT: Sent = {
  method: 'GET',
  host: 'backups.s3.us-east-1.amazonaws.com',
  region: 'us-east-1',
  at: NOW,
  isTemporary: true,
  isConditional: false,
  hasMd5: false,
};
const DEMAND =
  'InvalidRequest: Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters';
const LATER = NOW + 3_600_000;
const AT_AWS = 'https://backups.s3.eu-west-1.amazonaws.com/p';

test.each<[string, Partial<Refusal>, Partial<Sent>, object | undefined]>([
  ['AccessDenied', { code: 'AccessDenied' }, {}, undefined],
  ['a clock that is off', { code: 'RequestTimeTooSkewed', date: LATER }, {}, { what: 'clock', date: LATER }],
  ['the same to HEAD', { date: LATER }, { method: 'HEAD' }, { what: 'clock', date: LATER }],
  ['a clock of another day', { code: 'RequestTimeTooSkewed', date: NOW + 25 * 3_600_000 }, {}, undefined],
  ['the same to HEAD', { date: NOW - 25 * 3_600_000 }, { method: 'HEAD' }, undefined],
  ['a refusal of HEAD while clocks agree', {}, { method: 'HEAD' }, undefined],
  ['a clock that it does not tell', { code: 'RequestTimeTooSkewed', date: undefined }, {}, undefined],
  ['an expired token', { status: 400, code: 'ExpiredToken' }, {}, { what: 'credential' }],
  ['the same to HEAD', { status: 400 }, { method: 'HEAD' }, { what: 'credential' }],
  ['a bad HEAD with keys that last', { status: 400 }, { method: 'HEAD', isTemporary: false }, undefined],
  [
    'another region',
    { status: 400, code: 'AuthorizationHeaderMalformed', region: 'eu-west-1' },
    {},
    { what: 'region', region: 'eu-west-1' },
  ],
  ['the region that was signed', { status: 400, region: 'us-east-1' }, {}, undefined],
  ['a region to HEAD', { status: 301, region: 'x' }, { method: 'HEAD' }, { what: 'region', region: 'x' }],
  ['a header that it does not know', { status: 501 }, { isConditional: true }, { what: 'header' }],
  ['another thing that it does not know', { status: 501 }, {}, undefined],
  ['a demand for the MD5', { status: 400, words: DEMAND }, {}, { what: 'digest' }],
  ['a demand for the MD5 that was there', { status: 400, words: DEMAND }, { hasMd5: true }, undefined],
  ['another bad request', { status: 400, words: 'InvalidRequest: no' }, {}, undefined],
  [
    'a redirect within AWS',
    { status: 307, location: AT_AWS },
    {},
    { what: 'host', host: 'backups.s3.eu-west-1.amazonaws.com' },
  ],
  ['a redirect away from AWS', { status: 307, location: 'https://example.org/p' }, {}, undefined],
  ['a redirect to a name like it', { status: 307, location: 'https://xamazonaws.com/p' }, {}, undefined],
  ['a redirect without TLS', { status: 307, location: AT_AWS.replace('https', 'http') }, {}, undefined],
  ['a redirect from elsewhere to AWS', { status: 307, location: AT_AWS }, { host: 'example.org' }, undefined],
  ['a redirect to nowhere', { status: 307, location: '/x' }, {}, undefined],
])('%s', (_what, refusal, sent, remedy) => {
  expect(remedyFor({ ...REFUSAL, ...refusal }, { ...SENT, ...sent })).toEqual(remedy);
});
