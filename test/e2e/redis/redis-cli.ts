/** The `redis-cli` of the engine's own build, as a person uses it: the manifest's connect command, nothing else. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { HarnessFacts, HeldClient, Login, StockClient } from '../../../strategies/conformance/index.ts';
import { manifest } from '../../../strategies/datastores/redis/manifest.ts';
import { endedBy } from '../../support/ended.ts';

const answerTimeoutMs = 15_000;
const refusal = /^\(error\) |^(ERR|NOPERM|NOAUTH|WRONGPASS|NOSCRIPT|EXECABORT)\b|Could not connect|AUTH failed|Error: /m;

export interface RedisCli {
  /** What it prints; throws with its words when the engine refuses. */
  ask(login: Login, ...command: string[]): Promise<string>;
  spawn(login: Login, command: string[], withTls?: boolean): ChildProcessWithoutNullStreams;
}

export function createRedisCli(facts: HarnessFacts): RedisCli {
  const fill = (text: string, login: Login): string => text.replace(/\{(\w+)\}/g, (_all, key: string) =>
    ({ host: facts.host, port: String(facts.ports['redis']), user: login.user, password: login.password, caFile: facts.caFile })[key] ?? '');
  const spawnCli: RedisCli['spawn'] = (login, command, withTls = true) => {
    const args = manifest.connect.args.map((text) => fill(text, login));
    const shown = withTls ? args : args.filter((text, i) => text !== '--tls' && text !== '--cacert' && args[i - 1] !== '--cacert');
    const environment = Object.fromEntries(Object.entries(manifest.connect.environment).map(([name, text]) => [name, fill(text, login)]));
    return spawn(join(facts.paths.bin, manifest.connect.command), [...shown, '--no-auth-warning', ...command], { env: { LC_ALL: 'C.UTF-8', ...environment }, stdio: 'pipe' });
  };
  return {
    spawn: spawnCli,
    ask: (login, ...command) => collect(spawnCli(login, command)),
  };
}

function collect(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    const timer = setTimeout(() => child.kill('SIGKILL'), answerTimeoutMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
    child.once('error', reject).once('close', (code) => {
      clearTimeout(timer);
      const text = stdout.trim();
      if (code !== 0 || refusal.test(stderr) || refusal.test(text)) reject(new Error(`${stderr.trim()} ${text}`.trim() || `redis-cli ended with code ${code}`));
      else resolve(text);
    });
    child.stdin.end();
  });
}

export function createRedisClient(facts: HarnessFacts): StockClient {
  const cli = createRedisCli(facts);
  return {
    async write(login, name, value) { await cli.ask(login, 'set', `kit:${name}`, value); },
    async read(login, name) { return (await cli.ask(login, 'get', `kit:${name}`)) || null; },
    hold: (login) => hold(cli.spawn(login, [])),
    async askWithoutTls(login) { await collect(cli.spawn(login, ['ping'], false)); },
  };
}

async function hold(child: ChildProcessWithoutNullStreams): Promise<HeldClient> {
  const lines = createInterface({ input: child.stdout });
  let questions = 0;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint += text; });
  child.stdin.on('error', () => undefined);
  const gone = new Promise<'gone'>((resolve) => { child.once('close', () => resolve('gone')); });
  // redis-cli would log in again by itself when the engine ended the connection: what it was tells the difference
  let clientId = '';
  const next = (): Promise<string> => new Promise((resolve) => { lines.once('line', resolve); });
  const say = async (command: string): Promise<string> => {
    const answer = next();
    // where it cannot log in again it says so here, and prints no line
    const complained = new Promise<'complaint'>((resolve) => { child.stderr.once('data', () => resolve('complaint')); });
    child.stdin.write(`${command}\n`);
    const silence = new Promise<'silence'>((resolve) => { setTimeout(() => resolve('silence'), answerTimeoutMs).unref(); });
    const result = await Promise.race([answer, complained, gone, silence]);
    if (result === 'complaint' || result === 'gone' || result === 'silence' || refusal.test(result)) throw new Error(`redis-cli did not answer (${result}): ${complaint.trim()}`);
    return result;
  };
  const ask = async (): Promise<void> => {
    const id = await say('client id');
    clientId ||= id;
    if (id !== clientId) throw new Error(`the connection was lost and made anew (question ${++questions})`);
  };
  await ask();
  return {
    ask,
    ended: endedBy(ask),
    async close() { child.stdin.end(); await gone; },
  };
}
