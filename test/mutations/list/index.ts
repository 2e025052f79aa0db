import { byHand } from './by-hand.ts';
import { keeping } from './keeping.ts';
import { keys } from './keys.ts';
import { manifest } from './manifest.ts';
import { openstack } from './openstack.ts';
import { plan } from './plan.ts';
import { proved } from './proved.ts';
import { restore } from './restore.ts';
import { s3 } from './s3.ts';
import { store } from './store.ts';
import { temporaries } from './temporaries.ts';
import { told } from './told.ts';

export const mutations = [
  ...keys,
  ...openstack,
  ...plan,
  ...manifest,
  ...store,
  ...s3,
  ...temporaries,
  ...restore,
  ...keeping,
  ...told,
  ...proved,
  ...byHand,
];
