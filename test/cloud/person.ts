const worker = process.env['JEST_WORKER_ID'] ?? '1';

/** Who acts as `demo`: several runs at a time need several (person.py), and so do jest's workers (seed.py). */
export const DEMO = process.env['CLOUD_DEMO'] ?? (worker === '1' ? 'demo' : `demo-${worker}`);
