/** The client at a terminal: what it asks, what it shows, and what it does not echo. */
import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { builtCli, type Cli, prepareCli } from '../../support/cli.ts';

let server: ApiServer;
let cli: Cli;
beforeAll(async () => { server = await startApiServer(); });
afterAll(() => server.close());
beforeEach(async () => { cli = await prepareCli(); });
afterEach(() => cli.remove());

/** `script` gives the program a terminal; each answer is typed when its question has appeared. */
async function atTerminal(args: readonly string[], talk: readonly [question: string, answer: string][], env: Record<string, string> = {}): Promise<{ code: number; screen: string }> {
  const words = [process.execPath, await builtCli(), ...args].map((word) => `'${word}'`).join(' ');
  const base = { PATH: process.env['PATH'], HOME: cli.folder, COFFER_HOME: join(cli.folder, 'none'), XDG_CONFIG_HOME: join(cli.folder, 'config'), TERM: 'xterm', COFFER_URL: server.url, COFFER_TOKEN: server.token, SHELL: '/bin/sh' };
  return new Promise((resolve) => {
    let [screen, from, next] = ['', 0, 0];
    const child = execFile('script', ['-qec', words, '/dev/null'], { env: { ...base, ...env } as NodeJS.ProcessEnv });
    child.stdout?.on('data', (text: string) => {
      screen += text;
      const [question, answer] = talk[next] ?? [];
      if (question === undefined || !screen.slice(from).includes(question)) return;
      [from, next] = [screen.length, next + 1];
      child.stdin?.write(`${answer}\r`);
    });
    child.once('close', (code) => resolve({ code: code ?? -1, screen }));
  });
}

describe.skipIf(spawnSync('script', ['--version']).status !== 0)('at a terminal', () => {
  it('an instance is deleted only when its name is typed', async () => {
    server.fake.addInstance('precious');
    const wrong = await atTerminal(['instance', 'delete', 'precious', '--no-wait'], [['Type ', 'precios']]);
    expect(wrong).toMatchObject({ code: 2, screen: expect.stringMatching(/cannot be undone[^]*nothing was changed/) });
    const right = await atTerminal(['instance', 'delete', 'precious', '--no-wait'], [['Type ', 'precious']]);
    expect(right).toMatchObject({ code: 0, screen: expect.stringMatching(/instance\.delete/) });
  });
  it('a smaller loss is asked for with yes or no, and no is the default', async () => {
    const token = server.fake.addToken('old', 'VIEWER', server.fake.projects[0]!.id);
    expect(await atTerminal(['token', 'revoke', 'old', '--project', 'alpha'], [['[y/N]', '']])).toMatchObject({ code: 2 });
    expect(server.fake.tokens.get(token)?.revokedAt).toBeNull();
    expect(await atTerminal(['token', 'revoke', 'old', '--project', 'alpha'], [['[y/N]', 'y']])).toMatchObject({ code: 0 });
    expect(server.fake.tokens.get(token)?.revokedAt).not.toBeNull();
  });
  it('a token is asked for without an echo', async () => {
    const { code, screen } = await atTerminal(['login', server.url], [['Token for', server.token]], { COFFER_URL: '', COFFER_TOKEN: '' });
    expect(code).toBe(0);
    expect(screen).not.toContain(server.token);
    expect(await readFile(join(cli.folder, 'config/coffer/config.json'), 'utf8')).toContain(server.token);
  });
  it('Ctrl-C at a question changes nothing', async () => {
    expect(await atTerminal(['login', server.url], [['Token for', '\u0003']], { COFFER_URL: '', COFFER_TOKEN: '' })).toMatchObject({ code: 130 });
  });
  it('has colours, unless they are declined', async () => {
    const isColoured = async (args: string[], env = {}): Promise<boolean> => (await atTerminal(['flavor', 'list', ...args], [], env)).screen.includes('\u001b[1m');
    expect(await Promise.all([isColoured([]), isColoured(['--no-color']), isColoured([], { NO_COLOR: '1' })])).toEqual([true, false, false]);
  });
  it('an operation is drawn over itself, and the cursor is given back', async () => {
    const operation = server.fake.addOperation(server.fake.addInstance('drawn'), 'instance.restart');
    const watching = atTerminal(['operation', 'watch', operation.id], []);
    while (server.fake.feed.readers() === 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
    Object.assign(operation, { state: 'SUCCEEDED', progress: 1 });
    server.fake.feed.emit({ type: 'operation.updated', phase: 'END', subject: operation.subjectId, projectId: operation.projectId, operationId: operation.id, doc: { ...operation } });
    const { code, screen } = await watching;
    expect(code).toBe(0);
    expect(screen).toMatch(/\u001b\[\?25l[^]*\u001b\[\d+A\u001b\[0J[^]*100%[^]*\u001b\[\?25h/);
  });
});
