/** Ten instances of two projects on one host, started by root: no engine, agent or part of the control plane is in reach of another. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create, processesOf, succeed } from '../support/actions.ts';
import { type Installation, startInstallation } from '../support/installation.ts';

const isRoot = process.getuid?.() === 0;
const intruder = readFileSync(join(import.meta.dirname, 'intruder.mjs'), 'utf8');

interface Belongings { files: string[]; folders: string[]; sockets: string[]; pids: number[] }
interface Guest extends Belongings { id: string; projectId: string; uids: { agent: number; engine: number } }

async function belongingsOf(folder: string): Promise<Omit<Belongings, 'pids'>> {
  const found = { files: [] as string[], folders: [folder], sockets: [] as string[] };
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) found.folders.push(path);
    else if (entry.isSocket()) found.sockets.push(path);
    else if (entry.isFile()) found.files.push(path);
  }
  return found;
}

describe.runIf(isRoot)('isolation', () => {
  let coffer: Installation;
  let guests: Guest[];
  let node: string;

  beforeAll(async () => {
    coffer = await startInstallation();
    const projects: string[] = [];
    for (const name of ['ours', 'theirs']) {
      const { createProject } = await coffer.client.query('mutation($name: String!) { createProject(input: { name: $name }) { ... on CreateProjectPayload { project { id } } } }', { name });
      projects.push(createProject.project.id as string);
    }
    const made = await Promise.all(Array.from({ length: 10 }, async (_, index) => {
      const engine = index < 2 ? { datastore: 'postgresql', version: '17' } : { datastore: 'redis', version: index % 2 === 0 ? '8' : '7' };
      const projectId = projects[index % 2]!;
      const { id, operationId } = await create(coffer.client, { name: `db-${index}`, flavor: 'nano', projectId, ...engine });
      await succeed(coffer.client, operationId);
      return { id, projectId };
    }));
    guests = await Promise.all(made.map(async ({ id, projectId }) => {
      const folder = join(coffer.home, 'instances', id);
      const { uids } = JSON.parse(await readFile(join(folder, 'guest.json'), 'utf8')) as Pick<Guest, 'uids'>;
      return { id, projectId, uids, ...(await belongingsOf(folder)), pids: (await processesOf(id)).map((one) => one.pid) };
    }));
    node = join(coffer.home, 'runtime', (await readdir(join(coffer.home, 'runtime')))[0]!, 'bin/node');
  });
  afterAll(() => coffer?.remove());

  /** What the user could do of all that. */
  function tryAs(uid: number, orders: Belongings): string[] {
    const result = spawnSync('setpriv', ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', node, '--input-type=module', '-e', intruder], {
      cwd: '/', env: { PATH: '/usr/bin:/bin' }, input: JSON.stringify(orders), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, timeout: 60_000,
    });
    if (result.status !== 0) throw new Error(`the intruder failed: ${result.stderr}`);
    return JSON.parse(result.stdout) as string[];
  }
  const together = (all: readonly Belongings[]): Belongings => ({
    files: all.flatMap((one) => one.files), folders: all.flatMap((one) => one.folders), sockets: all.flatMap((one) => one.sockets), pids: all.flatMap((one) => one.pids),
  });

  it('gives each instance two users of its own', () => {
    const uids = guests.flatMap((guest) => [guest.uids.agent, guest.uids.engine]);
    expect(new Set(uids).size).toBe(20);
    expect(new Set(guests.map((guest) => guest.projectId)).size).toBe(2);
  });

  it('lets an engine use what is its own (or the rest of this proves nothing)', () => {
    for (const guest of guests) {
      const done = tryAs(guest.uids.engine, guest);
      expect(done.filter((deed) => deed.startsWith('read ') && deed.includes('/volume/')).length, guest.id).toBeGreaterThan(0);
      expect(done.some((deed) => deed.startsWith('signal ')), guest.id).toBe(true);
      expect(done.some((deed) => deed.startsWith('connect ')), guest.id).toBe(true);
    }
  });

  it.each(['engine', 'agent'] as const)('keeps every %s from the files, sockets and processes of the nine others', (who) => {
    for (const guest of guests) {
      const others = together(guests.filter((one) => one !== guest));
      expect(tryAs(guest.uids[who], others), `as the ${who} of ${guest.id}`).toEqual([]);
    }
  });

  it('keeps an engine from its own agent\'s secrets', () => {
    for (const guest of guests) {
      const own = guest.files.filter((path) => path.includes(`${guest.id}/agent/`) || path.endsWith('guest.json'));
      expect(own.length).toBeGreaterThan(2);
      expect(tryAs(guest.uids.engine, { files: own, folders: [join(coffer.home, 'instances', guest.id, 'agent')], sockets: [], pids: [] })).toEqual([]);
    }
  });

  it('keeps everybody from the control plane: its secrets, store, sockets and processes', async () => {
    const control = together(await Promise.all(['control', 'store', 'run', 'logs'].map(async (name) => ({ ...(await belongingsOf(join(coffer.home, name))), pids: [] }))));
    const target = {
      files: [...control.files, join(coffer.home, 'admin-token')], sockets: control.sockets, pids: [coffer.hostPid(), await coffer.gatewayPid()],
      folders: control.folders.filter((path) => path !== join(coffer.home, 'run')),
    };
    expect(target.files.length).toBeGreaterThan(100);
    expect(target.sockets.length).toBeGreaterThan(1);
    for (const guest of guests) {
      for (const who of ['engine', 'agent'] as const) expect(tryAs(guest.uids[who], target), `as the ${who} of ${guest.id}`).toEqual([]);
    }
  });

  it('keeps the gateway and the store out of the instances', () => {
    const base = Number(coffer.env['COFFER_UID_BASE']);
    for (const uid of [base, base + 1]) expect(tryAs(uid, together(guests))).toEqual([]);
  });
});
