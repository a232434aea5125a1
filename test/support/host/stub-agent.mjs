// Stands in for an agent where a test is about the compute role: keeps one "engine" (a process that sleeps) running as the
// engine's user, adopts it after its own death, and answers the signals an agent answers.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const boot = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const asEngine = boot.engineUid === null ? {} : { uid: boot.engineUid, gid: boot.engineUid };
const stateFile = join(boot.paths.agent, 'state.json');
const data = join(boot.paths.volume, 'data');
const volumeFull = join(boot.paths.agent, 'volume-full');
const isAlive = (pid) => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
const say = (text) => process.stdout.write(`${text}\n`);

// First of all: until then Node would open its debugger on SIGUSR1.
process.on('SIGUSR1', () => { stopEngine(); say('stopped on request'); process.exit(0); });
process.on('SIGTERM', () => process.exit(0));
process.on('SIGURG', () => letGo());
process.on('SIGHUP', () => { enrol(); say(`may have ${JSON.parse(readFileSync(process.argv[2], 'utf8')).flavor.memoryMb} MB`); });
process.on('SIGUSR2', () => { stopEngine(); writeFileSync(volumeFull, ''); });

function engine() {
  return existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')).engine : null;
}
function stopEngine() {
  const pid = engine();
  if (!pid) return;
  // As the engine's user: an engine from an earlier namespace may be touched by nobody else here.
  spawnSync('/bin/sh', ['-c', `kill ${pid}; while kill -0 ${pid} 2>/dev/null && ! grep -q '^State:.Z' /proc/${pid}/status; do sleep 0.02; done`], asEngine);
  rmSync(stateFile, { force: true });
}
function startEngine() {
  const running = engine();
  if (running && isAlive(running)) return say(`adopted ${running}`);
  // By ourselves and the shell alone: whoever looks shall find one process of the engine's user, the engine.
  if (!existsSync(data)) {
    mkdirSync(data, { mode: 0o700 });
    if (boot.engineUid !== null) chownSync(data, boot.engineUid, boot.engineUid);
  }
  const child = spawn('/bin/sh', ['-c', ': > alive; exec sleep 1000000'], { ...asEngine, cwd: data, env: { ...process.env, COFFER_ENGINE: boot.instanceId }, detached: true, stdio: 'ignore' });
  child.unref();
  writeFileSync(stateFile, JSON.stringify({ engine: child.pid }));
  say(`started ${child.pid}`);
}
function letGo() {
  if (!existsSync(volumeFull)) return;
  rmSync(volumeFull);
  startEngine();
}
function enrol() {
  const file = join(boot.paths.agent, 'enrol.json');
  if (!existsSync(file)) return;
  mkdirSync(join(boot.paths.agent, 'identity'), { recursive: true });
  writeFileSync(join(boot.paths.agent, 'identity', 'token'), JSON.parse(readFileSync(file, 'utf8')).token);
  rmSync(file);
}

if (process.env.COFFER_TEST_AGENT_MODE === 'crash') process.exit(1);
if (process.env.COFFER_TEST_AGENT_MODE === 'counts') say(`counting ${spawn('/bin/sleep', ['60'], { cwd: '/', env: { PATH: '/bin' }, stdio: 'ignore' }).pid}`);
enrol();
startEngine();
setInterval(() => {}, 1 << 30);
