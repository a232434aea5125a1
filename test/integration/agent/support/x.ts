import { createAgent, none } from './agent.ts';
import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
const [name, env, ...flags] = process.argv.slice(2);
const agent = await createAgent();
await agent.writeEnrol();
const child = spawn(process.execPath, [...flags, '/tmp/agent-rss/dist/agent.mjs', agent.root], { env: { COFFER_INSTANCE: agent.boot.instanceId, COFFER_PLUGINS: '/tmp/agent-rss/dist/tiny.mjs', PATH: process.env.PATH, ...JSON.parse(env!) }, stdio: 'ignore' });
await agent.conductor.hello();
await agent.run({ $case: 'initialise', value: { managementSecret: 'management-secret-0123456789', sizing: {} } });
await agent.run({ $case: 'start', value: none });
const maps = () => { const out: Record<string, number> = {}; let key = ''; for (const line of readFileSync(`/proc/${child.pid}/smaps`, 'utf8').split('\n')) { const m = /^[0-9a-f]+-[0-9a-f]+ (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line); if (m) key = (m[2] || 'anon').split('/').at(-1) + ' ' + m[1]; const r = /^Rss:\s+(\d+)/.exec(line); if (r) out[key] = (out[key] ?? 0) + Number(r[1]); } return Object.fromEntries(Object.entries(out).filter(([, v]) => v > 300)); };
for (let i = 0; i < 32; i++) { await new Promise((r) => setTimeout(r, 10000)); if (i % 3 === 0) console.log(name, i * 10, JSON.stringify(maps())); }
child.kill('SIGKILL'); await agent.dispose(); process.exit(0);
