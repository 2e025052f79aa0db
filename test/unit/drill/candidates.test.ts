import { expect, test } from '@jest/globals';
import { candidatesIn, type Means } from '../../../src/drill/candidates.ts';
import type { SecretPoint } from '../../../src/manifest/schema.ts';
import { GIB } from '../../../src/text/bytes.ts';
import type { Part, StoredPart, Subject } from '../../../src/verify/subjects.ts';

const cloud = {
  authUrl: 'https://cloud.example.com',
  region: 'one',
  project: { id: 'here', name: 'demo', domain: 'default' },
};
const inCloud: Part = { state: { state: 'whole', why: '' }, stored: undefined };
const inStore = (sealed: boolean): Part => ({
  state: { state: 'whole', why: '' },
  stored: {
    what: 'payload p',
    payload: { layout: 'file', name: 'p', size: 1, stored: { size: 1, sha256: 'a' }, sealed },
    whole: undefined,
    isDisk: true,
    encrypted: false,
    key: undefined,
  },
});

const ofVolume = (gigabytes: number): Part => ({ ...inStore(false), gigabytes });
const sealedKey: Part = {
  state: inCloud.state,
  stored: { ...(inStore(true).stored as StoredPart), isDisk: false },
};
const withSealedKey: Part = {
  state: inCloud.state,
  stored: {
    ...(inStore(false).stored as StoredPart),
    key: { payload: { sealed: true } } as SecretPoint,
  },
};

function subject({
  parts = [inStore(false)],
  ...more
}: Partial<Omit<Subject, 'entry'>> & { entry?: object } = {}): Subject {
  const entry = {
    time: '2026-11-01T00:00:00Z',
    kind: 'volume',
    name: 'db',
    id: 'v',
    point: 'p',
    state: 'whole',
    size: 10 * GIB,
  };
  return {
    cloud,
    references: [],
    altered: undefined,
    parts,
    ...more,
    entry: { ...entry, ...more.entry } as Subject['entry'],
  };
}

const means: Means = {
  level: 'volume',
  kinds: ['volume'],
  byHand: false,
  identity: false,
  maxGigabytes: Number.POSITIVE_INFINITY,
  cloud,
  freeGigabytes: 100,
};

test.each<[string, Subject, Partial<Means>]>([
  ['a volume in a store', subject(), {}],
  ['a volume in the cloud', subject({ parts: [inCloud] }), {}],
  ['one with a sealed key that is not needed', subject({ parts: [inCloud, sealedKey] }), {}],
  [
    'one of many disks, of which the largest fits',
    subject({ parts: [ofVolume(9), ofVolume(9)] }),
    { freeGigabytes: 9 },
  ],
  [
    'one that makes no volume, with a full quota',
    subject({ entry: { kind: 'image' } }),
    { kinds: ['image'], freeGigabytes: 0 },
  ],
  ['a sealed one, with the identity', subject({ parts: [inStore(true)] }), { identity: true }],
  [
    'one of another project, if any will do',
    subject({ cloud: { ...cloud, region: 'two' } }),
    { cloud: undefined },
  ],
  [
    'an image that is only opened',
    subject({ entry: { kind: 'image' } }),
    { level: 'bytes', kinds: ['image'] },
  ],
])('%s can be drilled', (_what, one, more) => {
  const { candidates, left } = candidatesIn([one], { ...means, ...more });
  expect(candidates).toEqual([
    {
      subject: one,
      kind: one.entry.kind,
      resource: 'v',
      point: 'p',
      taken: Date.parse('2026-11-01T00:00:00Z'),
      drilled: undefined,
    },
  ]);
  expect(left).toEqual([]);
});

test.each<[string, Subject, Partial<Means>]>([
  ['of a manifest that was altered, or is not signed', subject({ altered: 'its manifest was altered' }), {}],
  ['of a kind that `level: volume` does not restore', subject({ entry: { kind: 'image' } }), {}],
  ['of another project or region', subject({ cloud: { ...cloud, region: 'two' } }), {}],
  [
    'of another project or region',
    subject({ cloud: { ...cloud, project: { ...cloud.project, id: 'x' } } }),
    {},
  ],
  ['with something missing that they need', subject({ entry: { state: 'broken' } }), {}],
  ['with data in the cloud', subject({ parts: [inStore(false), inCloud] }), { level: 'bytes' }],
  ['whose data was not seen', subject({ entry: { state: 'unknown' } }), {}],
  ['sealed, and no `identity` is given', subject({ parts: [inStore(true)] }), {}],
  ['larger than `max-gigabytes`', subject(), { maxGigabytes: 9 }],
  ['sealed, and no `identity` is given', subject({ parts: [withSealedKey, inCloud] }), {}],
  ['larger than the 9 GiB of quota that are free', subject({ parts: [ofVolume(10)] }), { freeGigabytes: 9 }],
  [
    'larger than the 9 GiB of quota that are free',
    subject({ entry: { kind: 'server' }, parts: [ofVolume(5), ofVolume(5)] }),
    { freeGigabytes: 9, level: 'boot', kinds: ['server'] },
  ],
])('one %s is left out', (why, one, more) => {
  expect(candidatesIn([one, one], { ...means, ...more })).toEqual({
    candidates: [],
    left: [`2 restore points ${why}`],
  });
});
