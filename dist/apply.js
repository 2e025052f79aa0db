import { run } from './index.js';
await run('apply');
