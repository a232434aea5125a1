/** A gateway reduced to its worker, as a process of its own: to be killed, stopped and continued. */
import { createStore } from '../../../gateway/store/store.ts';
import { silentLog } from '../../../kernel/log.ts';
import { createToyWorld } from './toy.ts';

const { STORE_URL: url = '', WORKER_ID: id = '', LEASE_MS: leaseMs = '600' } = process.env;
const store = createStore({ url, maxConnections: 4, log: silentLog });
const world = await createToyWorld(store);
const worker = world.worker(id, { leaseMs: Number(leaseMs) });
worker.start();
process.on('SIGTERM', () => void worker.stop().then(() => store.close()).then(() => process.exit(0)));
// Whoever started us and died takes us along.
process.stdin.on('end', () => process.exit(1)).resume();
process.stdout.write('ready\n');
