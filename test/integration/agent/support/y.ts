import { createAgent, none } from './agent.ts';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
const [name, env, ...flags] = process.argv.slice(2);
const agent = await createAgent();
await agent.writeEnrol();
const child = spawn(process.execPath, [...flags, '/tmp/agent-rss/'+process.env.D+'/agent.mjs', agent.root], { env: { COFFER_INSTANCE: agent.boot.instanceId, COFFER_PLUGINS: '/tmp/agent-rss/dist/tiny.mjs', PATH: process.env.PATH, ...JSON.parse(env!) }, stdio: 'ignore' });
await agent.conductor.hello();
await agent.run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing: {} } });
await agent.run({ $case: 'start', value: none });
const rss = () => [/Rss:\s+(\d+)/, /Anonymous:\s+(\d+)/].map((r) => Math.round(Number(r.exec(readFileSync(`/proc/${child.pid}/smaps_rollup`, 'utf8'))![1]) / 1024 * 10) / 10);
const out = [];
for (const wait of [3,15,60]) { await new Promise((r) => setTimeout(r, wait * 1000)); out.push(rss()); }
console.log(name, JSON.stringify(out));
child.kill('SIGKILL'); await agent.dispose(); process.exit(0);
