/** The agent with the built-in plugins on real engines, as one shared user or isolated, whichever this machine allows. */
import { chmodSync, chownSync, globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentAndEngine, namedUid } from '../../../compute/launch/identity.ts';
import { launch } from '../../../compute/launch/launch.ts';
import { loadPlugin } from '../../../strategies/registry.ts';
import { createAgent, initialise, instanceId, none, type TestAgent } from '../../integration/agent/support/agent.ts';
import type { Command } from '../../../agent/commands/catalogue.ts';

const enginesRoot = process.env['COFFER_TEST_ENGINES'] ?? '/tmp/coffer-engines';
const [agentUid, engineUid] = [2_465_020, 2_465_021];
const engines = [
  { datastore: 'postgresql', track: '17', server: 'postgresql-17*/usr/lib/postgresql/17/bin/postgres', ports: { client: 21_310 } },
  { datastore: 'redis', track: '7', server: 'redis-7*/usr/bin/redis-server', ports: { client: 21_311 } },
].map((engine) => ({ ...engine, found: globSync(join(enginesRoot, 'builds', engine.server))[0] }));

describe.runIf(process.getuid?.() === 0).each(engines.filter((engine) => engine.found))('an agent with $datastore', ({ datastore, track, ports, found }) => {
  let agent: TestAgent;
  let pid = 0;
  const bin = dirname(found ?? '');
  const id = basename(/builds\/([^/]+)/.exec(bin)?.[1] ?? '');
  const version = id.split('-')[1] ?? '';
  const ok = async (command: Command): Promise<void> => expect((await agent.run(command, { timeoutMs: 60_000 })).fault, command.$case).toBeUndefined();
  const since = (): { since: number; timeoutMs: number } => ({ since: agent.conductor.observations.length, timeoutMs: 30_000 });
  const start = async (): Promise<void> => {
    const hellos = agent.conductor.hellos.length;
    const started = await launch({
      command: process.execPath, args: [agent.program, join(agent.boot.paths.agent, 'boot.json')], cwd: agent.root, env: { PATH: '/usr/bin:/bin', COFFER_INSTANCE: instanceId },
      identity: agentAndEngine(agentUid, engineUid), output: { file: join(agent.boot.paths.logs, 'agent.log') },
    });
    pid = started.process.pid;
    await agent.conductor.hello(hellos + 1);
  };

  beforeAll(async () => {
    const { manifest } = await loadPlugin(datastore);
    const names = manifest.ports.map((port, index) => [port.name, ports.client + index * 10] as const);
    agent = await createAgent({ boot: { datastore, track, isolation: 'users', engineUid: namedUid, agentUser: 'root', build: { id, version, prefix: join(enginesRoot, 'builds', id), bin }, ports: Object.fromEntries(names) } });
    chmodSync(agent.root, 0o711);
    const { agent: own, volume, config, tls, run, logs } = agent.boot.paths;
    await agent.writeEnrol();
    for (const path of [own, join(own, 'boot.json'), join(own, 'enrol.json')]) chownSync(path, agentUid, agentUid);
    for (const path of [volume, config, tls, run, logs]) chownSync(path, engineUid, engineUid);
    await start();
  });
  afterAll(async () => {
    await agent.run({ $case: 'stop', value: { immediate: true } }).catch(() => undefined);
    try { process.kill(pid, 'SIGKILL'); } catch { /* it ended */ }
    await agent.dispose();
  });

  it('makes, configures and starts it', async () => {
    const { control } = await loadPlugin(datastore);
    const sizing = await control.size({ track, flavor: agent.boot.flavor, volumeGb: agent.boot.volumeGb });
    await ok(initialise(sizing));
    await ok({ $case: 'configure', value: { sizing, parameters: {}, configuration: '' } });
    await ok({ $case: 'start', value: none });
    const seen = await agent.conductor.observed((each) => each.engine === 'ok');
    expect(seen.engineVersion).toContain(track);
  });
  it('makes users and rotates the certificate', async () => {
    await ok({ $case: 'createUsers', value: { users: [{ user: { name: 'ann' }, password: 'a-password-of-ann', grants: [] }] } });
    await ok({ $case: 'rotateCertificate', value: none });
    await ok({ $case: 'enableRoot', value: { password: 'a-password-of-root' } });
    await ok({ $case: 'deleteUser', value: { user: { name: 'ann' } } });
  });
  it('starts it again when it was killed, and when the agent was', async () => {
    const from = since();
    const killedMs = Date.now();
    process.kill(agent.enginePid(), 'SIGKILL');
    const down = await agent.conductor.observed((seen) => seen.engine === 'down', from);
    expect(down.heardMs - killedMs).toBeLessThan(400);
    await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.crashes === 1, from);
    process.kill(pid, 'SIGKILL');
    const engine = agent.enginePid();
    await start();
    await agent.conductor.observed((seen) => seen.engine === 'ok', since());
    expect(agent.enginePid()).toBe(engine);
    await ok({ $case: 'restart', value: none });
    await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.crashes === 0, since());
  });
});
