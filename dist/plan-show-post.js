import { post } from './index.js';
await post('plan-show');
