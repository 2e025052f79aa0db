/** Who acts as `demo`: several runs at a time need several (person.py), and so do jest's two workers (seed.py). */
export const DEMO = process.env['CLOUD_DEMO'] ?? (process.env['JEST_WORKER_ID'] === '2' ? 'demo-2' : 'demo');
