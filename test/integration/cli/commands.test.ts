/** The client as a process against a gateway's real HTTP server and schema, over a domain in memory. */
import { execFile, execFileSync } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../support/api-server.ts';
import { catalogue } from '../../support/parameter-catalogue.ts';
import { builtCli, type Cli, prepareCli } from '../../support/cli.ts';

let server: ApiServer;
let cli: Cli;
const json = (text: string): any => JSON.parse(text);

beforeAll(async () => { server = await startApiServer(); });
afterAll(() => server.close());
beforeEach(async () => { cli = await prepareCli({ env: { COFFER_URL: server.url, COFFER_TOKEN: server.token } }); });
afterEach(() => cli.remove());

describe('reading', () => {
  beforeAll(() => { server.fake.addInstance('shop'); });

  it('a table for people has no colours in a pipe, and JSON is the same before and after the command', async () => {
    const table = await cli.run(['instance', 'list']);
    expect(table).toMatchObject({ code: 0, error: '' });
    expect(table.out).toMatch(/^NAME +STATUS +DATASTORE/);
    expect(table.out).not.toContain('\u001b');
    const [before, after] = [await cli.run(['--json', 'instance', 'list']), await cli.run(['instance', 'list', '--json'])];
    expect(before.out).toBe(after.out);
    expect(json(after.out)[0]).toMatchObject({ name: 'shop', status: 'ACTIVE', datastoreVersion: { name: '17' } });
  });
  it('the parameters of an engine are found by a text, and refused with the reason where there are none', async () => {
    server.fake.setParameters(catalogue);
    const table = await cli.run(['datastore', 'parameters', 'postgresql', '--search', 'page']);
    expect(table).toMatchObject({ code: 0, error: '' });
    expect(table.out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' | ').trim())).toEqual([
      'NAME | TYPE | DEFAULT | UNIT | RANGE | CHANGED | DESCRIPTION', 'page_cache | INTEGER | 16384 | 8kB | 16..1073741823 | restart | A parameter.', expect.stringMatching(/^page_cost \| NUMBER \| 4 \| .*0\.\.1000000 \| at once/) as string, '']);
    const all = json((await cli.run(['datastore', 'parameters', 'postgresql', '17', '--json'])).out);
    expect(all).toHaveLength(catalogue.length);
    expect(all.find(({ name }: any) => name === 'durable')).toMatchObject({ default: true, settable: true, warning: expect.any(String) });
    expect((await cli.run(['datastore', 'parameters', 'postgresql', '17', '--search', 'port'])).out).toMatch(/not by groups +Coffer chooses where engines listen\./);
    server.fake.setParameters(null);
    const none = await cli.run(['datastore', 'parameters', 'postgresql']);
    expect(none.code).not.toBe(0);
    expect(none.error).toMatch(/no CONFIGURATION: not yet/);
    expect(await cli.run(['datastore', 'parameters', 'postgresql', '9'])).toMatchObject({ code: 3, error: expect.stringContaining('there is no version "9"') as string });
  });
  it('a group is shown with all of its instances, however many there are', async () => {
    const { domain, projects, addConfiguration } = server.fake;
    const group = addConfiguration('fleet', projects[0]!.id);
    const attached = Array.from({ length: 230 }, (_, i) => ({ configurationId: group.id, instanceId: `inst_${String(i).padStart(26, '0')}`, revision: 1, applied: null, restartRequired: [], operationId: null }));
    const { attachments } = domain.configurations;
    domain.configurations.attachments = async (_id, { first, after }) => {
      const begin = attached.findIndex(({ instanceId }) => instanceId === after) + 1;
      const cut = attached.slice(begin, begin + first!);
      return { totalCount: attached.length, edges: cut.map((node) => ({ cursor: node.instanceId, node })), hasNextPage: begin + cut.length < attached.length, hasPreviousPage: begin > 0 };
    };
    try {
      expect(json((await cli.run(['configuration', 'show', group.id, '--json'])).out)).toMatchObject({ name: 'fleet', instances: { length: 230 } });
      const some = await cli.run(['configuration', 'show', group.id, '--limit', '120', '--json']);
      expect(json(some.out).instances).toHaveLength(120);
      expect(some.error).toMatch(/120 of 230 instances; --limit gives more/);
    } finally {
      domain.configurations.attachments = attachments;
    }
  });
  it('an instance is found by name and by id', async () => {
    const { id } = json((await cli.run(['instance', 'show', 'shop', '--json'])).out);
    expect(json((await cli.run(['instance', 'show', id, '--json'])).out)).toMatchObject({ id, name: 'shop' });
  });
  it('a name in two projects asks for the project, which can be given by name', async () => {
    server.fake.addInstance('twin', server.fake.projects[0]);
    const second = server.fake.addInstance('twin', server.fake.projects[1]);
    const ambiguous = await cli.run(['instance', 'show', 'twin']);
    expect(ambiguous).toMatchObject({ code: 2, out: '' });
    expect(ambiguous.error).toMatch(/--project/);
    expect(json((await cli.run(['instance', 'show', 'twin', '--json', '--project', 'beta'])).out).id).toBe(second.id);
  });
  it.each([[['instance', 'list']], [['datastore', 'list']], [['datastore', 'show', 'postgresql']], [['datastore', 'version', 'list']], [['datastore', 'version', 'show', 'postgresql', '17']], [['datastore', 'version', 'update', 'postgresql', '17', '--deprecated']],
    [['datastore', 'version', 'default', 'postgresql', '17']], [['flavor', 'list']], [['engine', 'list']], [['operation', 'list']], [['event', 'list']],
    [['project', 'list']], [['token', 'list', '--project', 'alpha']], [['system']], [['database', 'list', 'shop']], [['user', 'list', 'shop']], [['root', 'show', 'shop']], [['instance', 'ping', 'shop']], [['context', 'show']], [['version']]])('%j answers people and programs', async (words) => {
    const [people, programs] = await Promise.all([cli.run(words), cli.run([...words, '--json'])]);
    expect(people).toMatchObject({ code: 0 });
    expect(() => json(people.out)).toThrow();
    json(programs.out);
  });
});

describe('failing', () => {
  it('a foreign instance is answered exactly as a missing one', async () => {
    const foreign = server.fake.addInstance('foreign', server.fake.projects[1]);
    const COFFER_TOKEN = server.fake.addToken('narrow', 'EDITOR', server.fake.projects[0]!.id);
    const [hidden, missing] = await Promise.all(['show', 'show'].map((verb, at) => cli.run(['instance', verb, at === 0 ? foreign.id : foreign.id.replace(/.$/, (last) => (last === '0' ? '1' : '0'))], { env: { COFFER_TOKEN } })));
    expect(hidden).toMatchObject({ code: 3, out: '' });
    expect(hidden!.error.replace(foreign.id, '')).toBe(missing!.error.replace(/inst_\w+/, ''));
  });
  it('a token that is not known ends with 5', async () => {
    const ended = await cli.run(['instance', 'list'], { env: { COFFER_TOKEN: 'wrong' } });
    expect(ended).toMatchObject({ code: 5, out: '' });
    expect(ended.error).toMatch(/ACCESS\.UNAUTHENTICATED[^]*coffer login/);
  });
  it('a role that is too low ends with 5', async () => {
    const COFFER_TOKEN = server.fake.addToken('reader', 'VIEWER', server.fake.projects[0]!.id);
    expect(await cli.run(['instance', 'create', 'x', '--datastore', 'postgresql', '--flavor', 'small', '--volume', '1'], { env: { COFFER_TOKEN } })).toMatchObject({ code: 5, out: '' });
  });
  it('a server that is not there ends with 6 and says what to do', async () => {
    const ended = await cli.run(['instance', 'list'], { env: { COFFER_URL: 'http://127.0.0.1:1' } });
    expect(ended).toMatchObject({ code: 6, out: '' });
    expect(ended.error).toMatch(/cannot be reached[^]*npm start/);
  });
  it('an address that answers something else is told as such', async () => {
    const site = createServer((_req, res) => res.end('<h1>Welcome</h1>'));
    await new Promise<void>((resolve) => { site.listen(0, '127.0.0.1', resolve); });
    const ended = await cli.run(['instance', 'list'], { env: { COFFER_URL: `http://127.0.0.1:${(site.address() as { port: number }).port}` } });
    site.close();
    expect(ended.code).toBe(1);
    expect(ended.error).toMatch(/not with GraphQL/);
  });
  it('what the input breaks is told by field, and as JSON for programs', async () => {
    const words = ['instance', 'create', 'Not_Allowed', '--datastore', 'postgresql', '--flavor', 'small', '--volume', '1', '--project', 'alpha'];
    const people = await cli.run(words);
    expect(people).toMatchObject({ code: 2, out: '' });
    expect(people.error).toMatch(/^  name: lower-case/m);
    const programs = await cli.run([...words, '--json']);
    expect(json(programs.error)).toMatchObject({ error: { code: 'INPUT.INVALID', issues: [{ path: ['input', 'name'] }], exitCode: 2 } });
  });
  it('an upgrade without a group for what it goes to is told the options for that', async () => {
    const ended = await cli.run(['instance', 'upgrade', 'shop', '--datastore-version', '18', '--project', 'alpha']);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.error).toMatch(/^  configuration: it has a group[^]*--configuration, or add --take-values/m);
  });
  it('a command line that is not understood ends with 2, as JSON where that is asked for', async () => {
    expect(await cli.run(['instance', 'upgrade', 'shop', '--datastore-version', '18', '--take-values', '--configuration', 'web'])).toMatchObject({ code: 2, out: '', error: expect.stringContaining('--configuration and --take-values exclude each other') as string });
    expect(await cli.run(['instance', 'lst'])).toMatchObject({ code: 2, out: '', error: expect.stringMatching(/Did you mean list/) });
    expect(json((await cli.run(['instance', 'show', '--json'])).error).error).toMatchObject({ code: 'CLIENT.USAGE', exitCode: 2 });
  });
  it('a masked error tells an id and no detail', async () => {
    const ended = await cli.run(['instance', 'create', 'boom', '--datastore', 'postgresql', '--flavor', 'small', '--volume', '1', '--project', 'alpha']);
    expect(ended.code).toBe(1);
    expect(ended.error).toMatch(/the id [0-9a-f-]{36}/);
    expect(ended.error).not.toMatch(/secret detail/);
  });
  it('nothing is deleted where nobody can be asked', async () => {
    server.fake.addInstance('precious');
    const ended = await cli.run(['instance', 'delete', 'precious']);
    expect(ended).toMatchObject({ code: 2, out: '' });
    expect(ended.error).toMatch(/--yes/);
    expect(json((await cli.run(['operation', 'list', '--instance', 'precious', '--json'])).out)).toEqual([]);
  });
  it('a reader that has seen enough is no failure', async () => {
    const script = 'set -o pipefail; "$0" "$1" --help 2>&1 | head -n 1';
    expect(execFileSync('bash', ['-c', script, process.execPath, await builtCli()], { encoding: 'utf8' })).toMatch(/^Usage.*\n$/);
  });
});

describe('logging in', () => {
  it('keeps address, token and project for its owner alone, and never prints the token', async () => {
    const bare = { COFFER_URL: '', COFFER_TOKEN: '' };
    const ended = await cli.run(['login', server.url, '--name', 'work', '--project', 'beta'], { env: bare, input: `${server.token}\n` });
    expect(ended).toMatchObject({ code: 0, out: expect.stringMatching(/admin, operator .* saved as context work/) });
    const path = join(cli.folder, 'config/coffer/config.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(json(await readFile(path, 'utf8'))).toEqual({ current: 'work', contexts: { work: { url: server.url, token: server.token, project: 'beta' } } });
    const shown = await cli.run(['context', 'show'], { env: bare });
    expect(shown.out).toMatch(/context work/);
    expect(ended.out + ended.error + shown.out + shown.error).not.toContain(server.token);
    expect(await cli.run(['context', 'delete', 'work', '--yes'], { env: bare })).toMatchObject({ code: 0 });
    expect(await readFile(path, 'utf8')).not.toContain(server.token);
  });
  it('saves nothing when the token is not good', async () => {
    expect(await cli.run(['login', server.url], { input: 'wrong' })).toMatchObject({ code: 5 });
    await expect(stat(join(cli.folder, 'config/coffer/config.json'))).rejects.toThrow();
  });
  it('reads a token from a file', async () => {
    await writeFile(join(cli.folder, 'token'), `${server.token}\n`);
    expect(await cli.run(['instance', 'list', '--token-file', 'token'], { env: { COFFER_TOKEN: 'wrong' } })).toMatchObject({ code: 0 });
  });
  it('uses the installation on this machine when nothing is configured', async () => {
    const port = new URL(server.url).port;
    const home = join(cli.folder, 'home');
    execFileSync('mkdir', [home]);
    await writeFile(join(home, 'admin-token'), `${server.token}\n`);
    await writeFile(join(home, 'coffer.pid'), `{"port":${port}}`);
    expect(await cli.run(['instance', 'list'], { env: { COFFER_URL: '', COFFER_TOKEN: '', COFFER_HOME: home } })).toMatchObject({ code: 0 });
  });
});

describe('secrets', () => {
  it('a token that was made is on standard output once, alone', async () => {
    const ended = await cli.run(['token', 'create', 'deploy', '--role', 'editor', '--project', 'alpha', '--expires', '30d']);
    expect(ended.code).toBe(0);
    expect(server.fake.tokens.has(ended.out.trim())).toBe(true);
    expect(ended.error).not.toContain(ended.out.trim());
  });
  it('goes into a new file of its owner instead, where that is asked for', async () => {
    const ended = await cli.run(['token', 'create', 'deploy', '--role', 'viewer', '--project', 'alpha', '--password-file', 'token.txt', '--json']);
    const kept = (await readFile(join(cli.folder, 'token.txt'), 'utf8')).trim();
    expect(server.fake.tokens.has(kept)).toBe(true);
    expect((await stat(join(cli.folder, 'token.txt'))).mode & 0o777).toBe(0o600);
    expect(ended.out + ended.error).not.toContain(kept);
    expect(json(ended.out)).toMatchObject({ secret: null, passwordFile: 'token.txt' });
  });
  it('nothing is asked of the server when the file cannot be made', async () => {
    await writeFile(join(cli.folder, 'there'), 'mine');
    const count = server.fake.tokens.size;
    expect(await cli.run(['token', 'create', 'deploy', '--role', 'viewer', '--project', 'alpha', '--password-file', 'there'])).toMatchObject({ code: 2, out: '' });
    expect(server.fake.tokens.size).toBe(count);
  });
});

describe('completion', () => {
  it('offers names that the server knows, of the project that is named', async () => {
    server.fake.addInstance('complete-me', server.fake.projects[1]);
    expect((await cli.run(['__complete', '--', '--project', 'beta', 'instance', 'show', 'comp'])).out).toBe('complete-me\t\n');
    expect((await cli.run(['__complete', '--', '--project', 'alpha', 'instance', 'show', 'comp'])).out).toBe('');
  });
  it('is silent when the server is not there', async () => {
    expect(await cli.run(['__complete', '--', 'instance', 'show', ''], { env: { COFFER_URL: 'http://127.0.0.1:1' } })).toEqual({ code: 0, out: '', error: '' });
  });
  it('offers datastores and their versions', async () => {
    expect((await cli.run(['__complete', '--', 'instance', 'create', 'x', '--datastore', 'po'])).out).toBe('postgresql\t\n');
    expect((await cli.run(['__complete', '--', 'engine', 'install', 'postgresql', '1'])).out).toMatch(/^17\t$/m);
  });
  it('works in bash, which breaks words at = and :', async () => {
    const { out } = await cli.run(['completion', 'bash']);
    const path = join(cli.folder, 'completion.bash');
    await writeFile(path, out);
    await writeFile(join(cli.folder, 'coffer'), `#!/bin/sh\nexec '${process.execPath}' '${await builtCli()}' "$@"\n`, { mode: 0o755 });
    server.fake.addInstance('complete-here');
    const env = { ...process.env, COFFER_URL: server.url, COFFER_TOKEN: server.token };
    const complete = async (...words: string[]): Promise<string[]> => {
      const script = `PATH="${cli.folder}:$PATH"; . "${path}"; COMP_WORDS=(coffer "$@"); COMP_CWORD=$#; _coffer_complete; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return (await promisify(execFile)('bash', ['-c', script, 'bash', ...words], { env })).stdout.trim().split('\n');
    };
    expect(await complete('instance', 're')).toEqual(['restart', 'reset', 'rename', 'resize']);
    expect(await complete('instance', 'watch', 'x', '--until', '=', 'de')).toEqual(['deleting', 'deleted']);
    expect(await complete('token', 'create', 'x', '--role', '=')).toEqual(['viewer', 'editor', 'owner', 'operator']);
    expect(await complete('--url', 'http', ':', server.url.slice('http:'.length), 'instance', 'show', 'complete-h')).toEqual(['complete-here']);
    expect(await complete('--token-file', `${cli.folder}/coff`)).toEqual([join(cli.folder, 'coffer')]);
  });
});
