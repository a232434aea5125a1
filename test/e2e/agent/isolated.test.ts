/** The agent as root starts it: in a user namespace with exactly two users, its own and the engine's. */
import { chmodSync, chownSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentAndEngine, namedUid } from '../../../compute/launch/identity.ts';
import { launch } from '../../../compute/launch/launch.ts';
import { createAgent, createDatabase, initialise, instanceId, none, repository, type TestAgent } from '../../integration/agent/support/agent.ts';
import { isReachableByOthers } from '../../../kit/harness/unprivileged.ts';

const [agentUid, engineUid] = [2_465_010, 2_465_011];
const canIsolate = process.getuid?.() === 0 && (await isReachableByOthers(repository));
const uidOf = (pid: number): number => statSync(`/proc/${pid}`).uid;
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe.runIf(canIsolate)('an isolated agent', () => {
  let agent: TestAgent;
  let pid = 0;
  const start = async (): Promise<void> => {
    const hellos = agent.conductor.hellos.length;
    const started = await launch({
      command: process.execPath, args: [agent.program, join(agent.boot.paths.agent, 'boot.json')], cwd: agent.root,
      env: { PATH: '/usr/bin:/bin', COFFER_INSTANCE: instanceId, COFFER_PLUGINS: join(repository, 'test/fixtures/tiny-datastore/index.ts') },
      identity: agentAndEngine(agentUid, engineUid), output: { file: join(agent.boot.paths.logs, 'agent.log') },
    });
    pid = started.process.pid;
    await agent.conductor.hello(hellos + 1);
  };
  const killAgent = async (): Promise<void> => {
    process.kill(pid, 'SIGKILL');
    while (isAlive(pid)) await delay(5);
  };

  beforeAll(async () => {
    agent = await createAgent({ boot: { isolation: 'users', engineUid: namedUid, agentUser: 'root' } });
    chmodSync(agent.root, 0o711);
    const { agent: own, volume, config, tls, run, logs } = agent.boot.paths;
    await agent.writeEnrol();
    for (const path of [own, join(own, 'boot.json'), join(own, 'enrol.json')]) chownSync(path, agentUid, agentUid);
    for (const path of [volume, config, tls, run, logs]) chownSync(path, engineUid, engineUid);
    await start();
    for (const command of [initialise(), { $case: 'start', value: none }] as const) expect((await agent.run(command)).fault).toBeUndefined();
    await agent.conductor.observed((seen) => seen.engine === 'ok');
  });
  afterAll(async () => {
    await killAgent();
    try { process.kill(agent.enginePid(), 'SIGKILL'); } catch { /* it ended */ }
    await agent.dispose();
  });

  it('runs as its own user and the engine as another', () => {
    expect(uidOf(pid)).toBe(agentUid);
    expect(uidOf(agent.enginePid())).toBe(engineUid);
    expect(agent.conductor.observations.at(-1)).toMatchObject({ isolation: 'users', volumeUsedBytes: expect.any(Number) as number });
  });

  it('gives the engine its files and keeps its own', () => {
    const { paths } = agent.boot;
    for (const path of [join(paths.volume, 'data'), join(paths.tls, 'current', 'key.pem'), join(paths.logs, 'engine.log')]) expect(statSync(path).uid, path).toBe(engineUid);
    for (const name of ['identity/identity.json', 'secrets.json', 'journal/slots']) {
      expect(statSync(join(paths.agent, name)).uid, name).toBe(agentUid);
      expect(statSync(join(paths.agent, name)).mode & 0o077, name).toBe(0);
    }
  });

  it('commands and stops an engine of an earlier namespace', async () => {
    const engine = agent.enginePid();
    await killAgent();
    expect(isAlive(engine)).toBe(true);
    await start();
    await agent.conductor.observed((seen) => seen.engine === 'ok', { since: agent.conductor.observations.length - 1 });
    expect(agent.enginePid()).toBe(engine);
    expect((await agent.run(createDatabase('adopted'))).fault).toBeUndefined();
    expect((await agent.run({ $case: 'restart', value: none })).fault).toBeUndefined();
    expect(isAlive(engine)).toBe(false);
    expect(uidOf(agent.enginePid())).toBe(engineUid);
  });

  it('tells the end of an adopted engine at once and clears away what is left of it', async () => {
    await killAgent();
    await start();
    const since = agent.conductor.observations.length;
    const killedMs = Date.now();
    process.kill(agent.enginePid(), 'SIGKILL');
    const down = await agent.conductor.observed((seen) => seen.engine === 'down', { since });
    expect(down.heardMs - killedMs).toBeLessThan(400);
    await agent.conductor.observed((seen) => seen.engine === 'ok' && seen.crashes === 1, { since });
  });

  it('an engine that hangs in an earlier namespace can be killed', async () => {
    const engine = agent.enginePid();
    await killAgent();
    process.kill(engine, 'SIGSTOP');
    await start();
    await agent.conductor.observed((seen) => seen.engine === 'hung', { since: agent.conductor.observations.length - 1 });
    expect((await agent.run({ $case: 'stop', value: { immediate: true } })).fault).toBeUndefined();
    expect(isAlive(engine)).toBe(false);
    expect((await agent.run({ $case: 'start', value: none })).fault).toBeUndefined();
  });

  it('a link the engine put in its folder leads the agent nowhere', async () => {
    await agent.run({ $case: 'stop', value: { immediate: false } });
    const victim = join(agent.boot.paths.agent, 'victim');
    writeFileSync(victim, 'untouched');
    chownSync(victim, agentUid, agentUid);
    const log = join(agent.boot.paths.logs, 'engine.log');
    await rm(log);
    symlinkSync(victim, log);
    expect((await agent.run({ $case: 'start', value: none })).fault?.code).toBe('FAILED');
    expect([readFileSync(victim, 'utf8'), statSync(victim).uid]).toEqual(['untouched', agentUid]);
    await rm(log);
    expect((await agent.run({ $case: 'start', value: none })).fault).toBeUndefined();
  });
});
