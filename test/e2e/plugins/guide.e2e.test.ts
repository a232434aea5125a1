/** What docs/plugins.md tells people to type, typed: from nothing to an instance of a plugin of one's own. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processesOf, show } from '../../support/actions.ts';
import { prepareCli, type Cli } from '../../support/cli.ts';
import { type Installation, ROOT, startInstallation } from '../../support/installation.ts';
import { ownEngines } from '../../support/plugin-folder.ts';
import { generatePackages } from '../../support/plugin-packages.ts';

const run = promisify(execFile);
const walkTimeoutMs = 240_000;

describe('the guide', () => {
  let folder: string;
  let home: string;
  let blocks: string[];
  let creating: string[];
  let coffer: Installation | undefined;
  let cli: Cli | undefined;
  beforeAll(async () => {
    await generatePackages();
    [folder, home] = [await mkdtemp(join(tmpdir(), 'coffer-guide-')), await mkdtemp(join(tmpdir(), 'coffer-e2e-'))];
    for (const path of [folder, home]) await chmod(path, 0o755);
    const guide = await readFile(join(ROOT, 'docs/plugins.md'), 'utf8');
    creating = /^npx coffer (instance create .*)$/m.exec(guide)?.[1]?.split(' ') ?? [];
    blocks = [...guide.matchAll(/<!-- walked -->\n```sh\n([^]*?)```/g)].map(([, text]) => text ?? '');
  });
  afterAll(async () => {
    await cli?.remove();
    await coffer?.remove();
    for (const path of [folder, home]) await rm(path, { recursive: true, force: true });
  });
  const type = (script: string, cwd: string) => run('/bin/bash', ['-euc', script], {
    cwd, timeout: walkTimeoutMs, maxBuffer: 2 ** 24,
    env: { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter), HOME: folder, COFFER: ROOT, COFFER_HOME: home, COFFER_TEST_ENGINES: ownEngines, npm_config_offline: 'true', npm_config_cache: join(folder, '.npm') },
  });

  it('makes a package that passes every tier', async () => {
    expect(blocks).toHaveLength(2);
    const { stdout } = await type(blocks[0]!, folder);
    expect(stdout).toMatch(/memo 0\.1\.0 \(contract \^1\.4\)[^]*fault +LIFE CYCLE[^]*\d+ passed/);
    expect(stdout).not.toMatch(/failed|warned/);
  }, walkTimeoutMs);

  it('packs it and installs it, and an instance of it works', async () => {
    await type(blocks[1]!, join(folder, 'memo'));
    coffer = await startInstallation({ home, env: { COFFER_PLUGINS: 'coffer-plugin-memo', COFFER_ENGINES_FOLDER: ownEngines, COFFER_ENGINE_PORTS: '21690-21699' } });
    cli = await prepareCli({ env: { COFFER_URL: coffer.url, COFFER_TOKEN: coffer.token } });
    const made = await cli.run([...creating, '--json']);
    expect(made, made.error).toMatchObject({ code: 0 });
    const { instance, userCredentials: [{ password }] } = JSON.parse(made.out);
    const { endpoints: [{ host, port }], caCertificate: ca } = await show(coffer.client, instance.id);
    expect(await say({ host, port, ca }, ['LOGIN', 'app', password], ['SET', 'a', 'b'], ['GET', 'a'])).toEqual([['OK', ''], ['OK', ''], ['OK', 'b']]);
    expect(await say({ host, port, ca }, ['GET', 'a'])).toEqual([['ERROR', 'log in first']]);
    const deleted = await cli.run(['instance', 'delete', 'first', '--yes']);
    expect(deleted, deleted.error).toMatchObject({ code: 0 });
    expect(await processesOf(instance.id)).toEqual([]);
  }, walkTimeoutMs);
});

function say(target: { host: string; port: number; ca: string }, ...lines: string[][]): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(target, () => socket.write(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
    let heard = '';
    socket.on('error', reject).setTimeout(10_000, () => socket.destroy(new Error('no answer'))).setEncoding('utf8').on('data', (chunk) => {
      heard += chunk;
      const answers = heard.split('\n').slice(0, -1);
      if (answers.length < lines.length) return;
      socket.destroy();
      resolve(answers.map((line) => JSON.parse(line) as unknown));
    });
  });
}
