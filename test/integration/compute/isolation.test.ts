/** What an agent and an engine of one instance can do to another one's, to the control plane and to the machine. */
import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Identity, agentAndEngine, onlyUser } from '../../../compute/launch/identity.ts';
import { launch } from '../../../compute/launch/launch.ts';
import { waitUntil } from '../../../compute/processes/wait.ts';
import { claim, isRoot, newInstance, specOf, startTestCompute, type TestCompute } from '../../support/host/compute-harness.ts';

interface Guest { id: string; folder: string; uids: { agent: number; engine: number }; agentPid: number; enginePid: number }

/** Runs a script as the agent (uid 0 of its namespace) or, with setpriv before it, as its engine. */
async function runAs(identity: Identity, script: string): Promise<{ code: number | null; output: string }> {
  const { child } = await launch({ command: '/bin/sh', args: ['-c', script], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }, cwd: '/', identity, output: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  const code = await new Promise<number | null>((resolve) => { child.on('close', resolve); });
  return { code, output };
}
const asEngine = (script: string) => `exec setpriv --reuid 1 --regid 1 --clear-groups --no-new-privs /bin/sh -c '${script}'`;

describe.runIf(isRoot)('isolation by users', () => {
  let host: TestCompute;
  let x: Guest;
  let y: Guest;
  const sockets: Server[] = [];

  async function guest(): Promise<Guest> {
    const id = newInstance();
    await host.client.createGuest(specOf(id), claim());
    const folder = host.folder(id);
    const log = join(folder, 'logs/agent.log');
    expect(await waitUntil(() => existsSync(log) && readFileSync(log, 'utf8').includes('started'), 10_000)).toBe(true);
    const facts = await host.client.inspect(id, AbortSignal.timeout(5_000));
    const { uids } = JSON.parse(readFileSync(join(folder, 'guest.json'), 'utf8')) as { uids: Guest['uids'] };
    writeFileSync(join(folder, 'volume/data/rows'), 'secret rows');
    chownSync(join(folder, 'volume/data/rows'), uids.engine, uids.engine);
    const server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((resolve) => { server.listen(join(folder, 'run/engine.sock'), resolve); });
    sockets.push(server);
    return { id, folder, uids, agentPid: facts.agentPid ?? 0, enginePid: Number(/started (\d+)/.exec(readFileSync(log, 'utf8'))?.[1]) };
  }
  beforeAll(async () => {
    host = await startTestCompute();
    [x, y] = [await guest(), await guest()];
  });
  afterAll(async () => {
    for (const server of sockets) server.close();
    await host.dispose();
  });
  const agentOf = (one: Guest) => agentAndEngine(one.uids.agent, one.uids.engine);

  it('lets an agent act as its engine: own its files, become it, kill it', async () => {
    expect(await runAs(agentOf(x), `cat ${x.folder}/volume/data/rows && touch ${x.folder}/config/f && chown 1:1 ${x.folder}/config/f && stat -c %u ${x.folder}/config/f`)).toEqual({ code: 0, output: 'secret rows1\n' });
    expect(await runAs(agentOf(x), asEngine(`id -u; kill -0 ${x.enginePid} && echo may`))).toEqual({ code: 0, output: '1\nmay\n' });
  });

  it('lets it become nobody else and own nothing else', async () => {
    expect((await runAs(agentOf(x), 'setpriv --reuid 2 --clear-groups id')).output).toContain('Invalid argument');
    expect((await runAs(agentOf(x), `setpriv --reuid ${y.uids.engine} --clear-groups id`)).code).not.toBe(0);
    expect((await runAs(agentOf(x), `touch ${x.folder}/config/g && chown 2 ${x.folder}/config/g`)).output).toContain('Invalid argument');
    expect((await runAs(agentOf(x), `touch ${x.folder}/config/g && chown ${y.uids.agent} ${x.folder}/config/g`)).code).not.toBe(0);
  });

  it.each([['agent', (script: string) => script], ['engine', asEngine]])('keeps the %s of X out of the files of Y', async (_, wrap) => {
    for (const path of ['volume/data/rows', 'agent/boot.json', 'guest.json', 'logs/agent.log']) {
      const answer = await runAs(agentOf(x), wrap(`cat ${y.folder}/${path}`));
      expect(answer).toMatchObject({ code: 1, output: expect.stringContaining('Permission denied') });
    }
    for (const folder of ['', 'agent', 'volume', 'config', 'tls', 'run', 'logs']) {
      expect((await runAs(agentOf(x), wrap(`ls ${y.folder}/${folder} || touch ${y.folder}/${folder}/mine`))).output).toMatch(/(Permission denied[\s\S]*){2}/);
    }
  });

  it.each([['agent', (script: string) => script], ['engine', asEngine]])('keeps the %s of X from the sockets of Y and of the compute role', async (_, wrap) => {
    const connect = (path: string) => wrap(`${process.execPath} -e "require(\\"net\\").connect(\\"${path}\\").on(\\"error\\",e=>{console.log(e.code);process.exit(1)}).on(\\"connect\\",()=>{console.log(\\"in\\");process.exit(0)})"`);
    expect(await runAs(agentOf(x), connect(`${y.folder}/run/engine.sock`))).toEqual({ code: 1, output: 'EACCES\n' });
    expect(await runAs(agentOf(x), connect(`${host.settings.home}/run/compute.sock`))).toEqual({ code: 1, output: 'EACCES\n' });
  });

  it.each([['agent', (script: string) => script], ['engine', asEngine]])('keeps the %s of X from signalling or tracing Y, the compute role and its own host', async (_, wrap) => {
    for (const pid of [y.agentPid, y.enginePid, process.pid, 1]) {
      expect((await runAs(agentOf(x), wrap(`kill -9 ${pid}`))).code).not.toBe(0);
      // What ptrace may see is what /proc shows of it.
      for (const file of ['environ', 'mem', 'maps']) expect((await runAs(agentOf(x), wrap(`head -c 1 /proc/${pid}/${file}`))).code).not.toBe(0);
    }
  });

  it('keeps an engine from its agent: no files, no signal, no tracing', async () => {
    expect((await runAs(agentOf(x), asEngine(`cat ${x.folder}/agent/boot.json`))).output).toContain('Permission denied');
    expect((await runAs(agentOf(x), asEngine(`kill -9 ${x.agentPid}`))).code).not.toBe(0);
    expect((await runAs(agentOf(x), asEngine(`head -c 1 /proc/${x.agentPid}/mem`))).code).not.toBe(0);
  });

  it('gives no way back: no new privileges, no groups, no other namespaces, nothing of the machine', async () => {
    const status = (await runAs(agentOf(x), 'cat /proc/self/status')).output;
    expect(status).toMatch(/NoNewPrivs:\s+1/);
    expect(status).toMatch(/Groups:\s*\n/);
    expect((await runAs(agentOf(x), asEngine('cat /proc/self/status'))).output).toMatch(/CapEff:\s+0+\n/);
    expect((await runAs(agentOf(x), 'nsenter -t 1 -a true')).code).not.toBe(0);
    expect((await runAs(agentOf(x), 'mount -t tmpfs none /mnt')).code).not.toBe(0);
    for (const look of ['cat /etc/shadow', 'ls /root', 'cat /proc/1/environ']) expect((await runAs(agentOf(x), look)).code).not.toBe(0);
    expect((await runAs(agentOf(x), 'touch /etc/mine /usr/mine /var/lib/mine')).code).not.toBe(0);
  });

  it('keeps the store\'s user to itself', async () => {
    const store = onlyUser(x.uids.engine + 5_000);
    expect((await runAs(store, 'id -un; id -u')).output).toBe('daemon\n1\n');
    expect((await runAs(store, 'setpriv --reuid 0 --clear-groups id')).code).not.toBe(0);
    expect((await runAs(store, `cat ${x.folder}/volume/data/rows`)).code).not.toBe(0);
  });

  it('follows no link that an agent put where the compute role writes', async () => {
    const target = join(host.settings.home, 'victim');
    writeFileSync(target, 'untouched');
    spawnSync('ln', ['-sf', target, join(x.folder, 'agent/enrol.json')]);
    spawnSync('ln', ['-sf', target, join(x.folder, 'agent/.enrol.json.new')]);
    await host.client.reenrol(x.id, { ...specOf(x.id).enrolment, token: 'next' }, claim());
    expect(readFileSync(target, 'utf8')).toBe('untouched');
    const away = join(host.settings.home, 'away');
    mkdirSync(away, { recursive: true });
    writeFileSync(join(away, 'kept'), '');
    spawnSync('ln', ['-s', away, join(y.folder, 'volume/data/link')]);
    await host.client.destroy(y.id, claim());
    expect(existsSync(join(away, 'kept'))).toBe(true);
  });
});
