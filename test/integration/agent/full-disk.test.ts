import { execFileSync } from 'node:child_process';
import { closeSync, cpSync, openSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAgent, nextOperation, none, type TestAgent } from './support/agent.ts';

/** Mounting needs root; the same is proved for one file by the store's own tests. */
const canMount = process.getuid?.() === 0;

describe.runIf(canMount)('on a full disk', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await createAgent();
    await agent.prepare();
    const folder = agent.boot.paths.agent;
    await agent.signal('SIGTERM');
    // The agent's folder on a disk of its own, with what was in it.
    cpSync(folder, `${folder}.kept`, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', folder]);
    cpSync(`${folder}.kept`, folder, { recursive: true });
    await agent.start();
    fill(join(folder, 'filler'));
  });
  afterAll(async () => {
    await agent.signal('SIGKILL');
    execFileSync('umount', ['-l', agent.boot.paths.agent]);
    await agent.dispose();
  });

  it('commands are journalled, and answered again after a crash', async () => {
    expect(statfsSync(agent.boot.paths.agent).bfree).toBe(0);
    const operationId = nextOperation();
    const command = { $case: 'enableRoot', value: { password: 'password-of-root' } } as const;
    expect(await agent.run(command, { operationId, fence: { epoch: 2 } })).toMatchObject({ fault: undefined, replayed: false });
    expect((await agent.run({ $case: 'stop', value: { immediate: false } }, { fence: { epoch: 2 } })).fault).toBeUndefined();
    await agent.signal('SIGKILL');
    await agent.start();
    expect((await agent.conductor.observed((seen) => seen.incarnation === 3)).wanted).toBe('STOPPED');
    await expect(agent.run({ $case: 'start', value: none }, { fence: { epoch: 1 } })).rejects.toThrow(/newer fence/);
    expect(await agent.run(command, { operationId, fence: { epoch: 2 } })).toMatchObject({ rootName: 'root', replayed: true });
  });
});

function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}
