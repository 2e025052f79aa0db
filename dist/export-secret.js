import { run } from './index.js';
await run('export-secret');
