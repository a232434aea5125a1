/** A `GuestHarness` on this machine: one folder, one engine, and a child process with the guest half that may be killed. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isAlive, listProcesses } from '../../agent/supervisor/proc.ts';
import { createCa, createKey, engineNames, importPrivateKey, issueLeaf, type LeafRequest } from '../../gateway/pki/x509.ts';
import { type AgentBoot, engineMarker } from '../../kernel/guest-record.ts';
import { fitsSocketPath, longestEngineSocket } from '../../kernel/home.ts';
import type { CallOptions, GuestArgs, GuestHarness, GuestMethod, GuestResult, HarnessFacts, KillPoint } from '../../strategies/conformance/index.ts';
import type { FlavorSize } from '../../strategies/spi/control.ts';
import type { DatastorePlugin } from '../../strategies/spi/datastore.ts';
import type { EngineBuild } from '../../strategies/spi/engine-source.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import { GuestFault, type GuestFaultCode, type NamedBuild } from '../../strategies/spi/guest.ts';
import { temporaryRoot, unprivilegedIdentity, type Identity } from './unprivileged.ts';
import { engineBuild } from './engine-builds.ts';
import type { CallAnswer, CallRequest, GuestSetup } from './guest-process.ts';

export interface ProcessHarnessOptions {
  plugin: DatastorePlugin;
  /** `import.meta.resolve` of the module that exports the plugin as its default */
  pluginUrl: string;
  track: string;
  flavor: FlavorSize;
  volumeGb: number;
  ports: Record<string, number>;
  /** false: agent and engine are one user, as in an installation without root. Without root there is no other way. */
  isolated?: boolean;
  /** a file system of its own of this size for the volume; needs root, and is left out without it */
  volumeBytes?: number;
  /** the build that runs; the newest of the test engines when left out */
  build?: EngineBuild;
  /** of other tracks; one that is not among them is looked for among the test engines */
  nextBuilds?: readonly EngineBuild[];
}

const callTimeoutMs = 60_000;
/** As long as the plugin says it may take, where that is longer. */
function timeoutOf(method: GuestMethod, { initialiseMs, startMs, stopMs }: GuestTimeouts): number {
  const declared: Partial<Record<GuestMethod, number>> = { initialise: initialiseMs, start: startMs, stop: stopMs, repair: startMs + stopMs };
  return Math.max(callTimeoutMs, declared[method] ?? 0);
}
/** The path of a socket holds 107 bytes: below a deep folder there is no room for the engine's. */
const longestRoot = 24;
const goneTimeoutMs = 10_000;
const hourMs = 3_600_000;

export async function createProcessHarness(options: ProcessHarnessOptions): Promise<GuestHarness> {
  const other = unprivilegedIdentity();
  const isolated = other !== null && options.isolated !== false;
  const build = options.build ?? (await engineBuild(options.plugin, options.track));
  const preferred = await temporaryRoot(other);
  const root = await mkdtemp(join(preferred.length <= longestRoot ? preferred : '/tmp', 'coffer-kit-'));
  const paths = await layOut(root, other, isolated);
  const volume = options.volumeBytes !== undefined && (await mountSmall(paths.volume, options.volumeBytes, other)) ? options.volumeBytes : null;
  const boot: AgentBoot = {
    version: 1, instanceId: `inst_${randomBytes(8).toString('hex')}`, datastore: options.plugin.manifest.id, track: options.track,
    build: { id: build.id, version: build.version, prefix: build.prefix, bin: build.binDir }, flavor: options.flavor, volumeGb: options.volumeGb,
    ports: options.ports, bind: '127.0.0.1', advertise: '127.0.0.1', isolation: isolated ? 'users' : 'shared', engineUid: isolated ? other.uid : null,
    agentUser: isolated ? 'root' : 'agent', limitsUnenforced: 'test', paths, trustDomain: 'test', identityCa: '', enrolAddress: '', conductorAddress: '',
  };
  const setup: GuestSetup = { pluginUrl: options.pluginUrl, boot, managementSecret: randomBytes(24).toString('base64url') };
  const setupPath = join(paths.agent, 'setup.json');
  await writeFile(setupPath, JSON.stringify(setup), { mode: 0o600 });
  const childIdentity = isolated ? null : other;
  const owner = isolated ? other : childIdentity;
  if (childIdentity) await chown(setupPath, childIdentity.uid, childIdentity.gid);
  const certificates = await createCertificates(paths.tls, owner);

  const facts: HarnessFacts = {
    track: options.track, version: build.version, host: '127.0.0.1', bind: boot.bind, ports: options.ports,
    paths: { data: join(paths.volume, 'data'), config: paths.config, run: paths.run, logs: paths.logs, tls: paths.tls, prefix: build.prefix, bin: build.binDir },
    caCertificate: certificates.ca, caFile: join(root, 'ca.pem'), managementSecret: setup.managementSecret, isolated, volumeBytes: volume,
  };
  await writeFile(facts.caFile, certificates.ca, { mode: 0o644 });
  const guest = createGuestProcess(setupPath, childIdentity);
  const size = { flavor: options.flavor, sizing: await options.plugin.control.size({ track: options.track, flavor: options.flavor, volumeGb: options.volumeGb }), parameters: {} as Record<string, string> };
  let handleCalls = 0;

  async function request<M extends GuestMethod>(method: M, args: GuestArgs<M>, given: CallOptions, at: KillPoint | null): Promise<CallAnswer | null> {
    const answer = await guest.ask({
      method, args, operationId: given.operationId ?? `op_${randomBytes(8).toString('hex')}`, timeoutMs: given.timeoutMs ?? timeoutOf(method, options.plugin.manifest.timeouts), secrets: secretsOf(method, args), ...size,
      dieAtHandleCall: at && 'atHandleCall' in at ? at.atHandleCall : null,
    }, at && 'afterMs' in at ? at.afterMs : null);
    handleCalls = answer?.handleCalls ?? handleCalls;
    return answer;
  }

  /** Programs of a call that was killed go on. */
  const endEverything = async (): Promise<void> => {
    await guest.kill();
    for (const pid of new Set([...(await enginePids(paths.agent)), ...(await processesOf(boot, root))])) kill(pid);
    await until(async () => (await processesOf(boot, root)).length === 0);
  };

  return {
    facts,
    handleCalls: () => handleCalls,
    resize: (flavor, sizing) => void Object.assign(size, { flavor, sizing }),
    tune: (parameters) => void Object.assign(size, { parameters }),
    issueCertificate: certificates.issue,
    build: async (track) => namedBuild(track === setup.boot.track ? { track, version: setup.boot.build.version, prefix: setup.boot.build.prefix, binDir: setup.boot.build.bin } : options.nextBuilds?.find((one) => one.track === track) ?? (await engineBuild(options.plugin, track))),
    async changeBuild({ track, version, prefix, bin }) {
      await guest.kill();
      Object.assign(setup, { boot: { ...setup.boot, track, build: { id: `${options.plugin.manifest.id}-${version}`, version, prefix, bin } } });
      await writeFile(setupPath, JSON.stringify(setup), { mode: 0o600 });
      size.sizing = await options.plugin.control.size({ track, flavor: size.flavor, volumeGb: options.volumeGb });
    },
    keepData: () => copyData(facts.paths.data, `${facts.paths.data}.kept`),
    async putDataBack() {
      await endEverything();
      await copyData(`${facts.paths.data}.kept`, facts.paths.data);
    },
    async call(method, args, given = {}) {
      const answer = await request(method, args, given, null);
      if (!answer) throw new Error(`the guest process died during ${method}`);
      if (answer.ok) return answer.result as GuestResult<typeof method>;
      const error = answer.code === null ? new Error(answer.message) : new GuestFault(answer.code as GuestFaultCode, answer.message);
      error.stack = `${error.message}\n${answer.stack}`;
      throw error;
    },
    async callAndKill(method, args, at, given = {}) {
      const answer = await request(method, args, given, at);
      await guest.kill();
      return { finished: answer !== null };
    },
    enginePids: () => enginePids(paths.agent),
    processes: () => processesOf(boot, root),
    async signalEngine(signal) {
      const [main] = await enginePids(paths.agent);
      if (main === undefined) throw new Error('the engine is not running');
      process.kill(main, signal);
      // Stopping only the main process would leave its children to answer; once it is stopped they grow no more.
      const pids = signal === 'SIGKILL' ? [] : await enginePids(paths.agent);
      for (const pid of pids) if (pid !== main) kill(pid, signal);
      if (signal === 'SIGKILL') await until(() => enginePids(paths.agent).then((left) => left.length === 0));
      // One thread hears it for all: on a busy machine the others go on answering until it is its turn. A child that ended
      // meanwhile stays a zombie, for its parent is stopped.
      if (signal === 'SIGSTOP') await until(async () => (await Promise.all(pids.map(stateOf))).every((state) => state === null || 'TZX'.includes(state)));
    },
    async dispose() {
      await endEverything();
      if (volume !== null) await run('umount', ['--lazy', paths.volume]);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** As long as an instance's may be: what an engine calls its sockets has to fit below it. */
function longestRun(root: string): string {
  let path = join(root, 'run');
  while (fitsSocketPath(join(`${path}-`, longestEngineSocket))) path += '-';
  return path;
}

async function layOut(root: string, other: Identity | null, isolated: boolean): Promise<AgentBoot['paths']> {
  const paths = { root, agent: join(root, 'agent'), volume: join(root, 'volume'), config: join(root, 'config'), tls: join(root, 'tls'), run: longestRun(root), logs: join(root, 'logs') };
  await chmod(root, 0o711);
  for (const [name, path] of Object.entries(paths).filter(([key]) => key !== 'root')) {
    await mkdir(path, { mode: 0o700 });
    const isEngines = name !== 'agent' || !isolated;
    if (other && isEngines) await chown(path, other.uid, other.gid);
  }
  return paths;
}

const run = promisify(execFile);

const namedBuild = ({ track, version, prefix, binDir }: Pick<EngineBuild, 'track' | 'version' | 'prefix' | 'binDir'>): NamedBuild => ({ track, version, prefix, bin: binDir });

async function copyData(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await run('cp', ['-a', '--reflink=auto', from, to]);
}

/** False where that is not permitted. */
async function mountSmall(folder: string, bytes: number, owner: Identity | null): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const of = owner ? `,uid=${owner.uid},gid=${owner.gid}` : '';
  return run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700${of}`, 'tmpfs', folder]).then(() => true, () => false);
}

/** Texts that a call brings and nobody else may read. */
function secretsOf(method: GuestMethod, args: readonly unknown[]): string[] {
  const given = method === 'root.enable' ? args : args.map((arg) => (typeof arg === 'object' && arg !== null ? (arg as { password?: unknown }).password : undefined));
  return given.filter((text) => typeof text === 'string' && text !== '') as string[];
}

/** By their working folder or the marker in their environment: whoever's children they are by now. */
async function processesOf(boot: AgentBoot, root: string): Promise<number[]> {
  const isOurs = ({ workingFolder, environment }: Awaited<ReturnType<typeof listProcesses>>[number]): boolean =>
    workingFolder === root || workingFolder.startsWith(`${root}/`) || environment.split('\0').includes(`${engineMarker}=${boot.instanceId}`);
  return (await listProcesses()).filter(isOurs).map(({ pid }) => pid);
}

interface Certificates { ca: string; issue(): Promise<{ serialNumber: string }> }

async function createCertificates(folder: string, owner: Identity | null): Promise<Certificates> {
  const nowMs = Date.now();
  const ca = await createCa('Coffer test engines', nowMs - hourMs, nowMs + 240 * hourMs);
  const signer = { certificate: ca.pem, key: await importPrivateKey(ca.privateKeyPem) };
  const put = async (name: string, text: string): Promise<void> => {
    const path = join(folder, name);
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    if (owner) await chown(`${path}.new`, owner.uid, owner.gid);
    await rename(`${path}.new`, path);
  };
  const issue = async (): Promise<{ serialNumber: string }> => {
    const { keys, privateKeyPem } = await createKey();
    const leaf = await issueLeaf({ ca: signer, publicKey: keys.publicKey as LeafRequest['publicKey'], commonName: 'engine', names: engineNames(['127.0.0.1']), usage: 'server', notBeforeMs: nowMs - hourMs, notAfterMs: nowMs + 200 * hourMs });
    await put('server.key', privateKeyPem);
    await put('server.crt', leaf.pem);
    return { serialNumber: new X509Certificate(leaf.pem).serialNumber };
  };
  await put('ca.crt', ca.pem);
  await issue();
  return { ca: ca.pem, issue };
}

/** The child process, started when it is needed and again after it was killed. */
function createGuestProcess(setupPath: string, identity: Identity | null) {
  let child: ChildProcess | null = null;
  let requests = 0;
  const live = async (): Promise<ChildProcess> => {
    if (child?.connected && child.exitCode === null && child.signalCode === null) return child;
    child = fork(new URL(import.meta.url.endsWith('.ts') ? './guest-process.ts' : './guest-process.js', import.meta.url), [setupPath], { ...(identity ?? {}), execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'], serialization: 'advanced' });
    await Promise.race([once(child, 'message'), once(child, 'exit').then(() => { throw new Error('the guest process did not start'); })]);
    return child;
  };
  return {
    /** Null when the process died before it answered. */
    async ask(request: Omit<CallRequest, 'id'>, killAfterMs: number | null): Promise<CallAnswer | null> {
      const process = await live();
      const id = ++requests;
      return new Promise((resolve) => {
        const timer = killAfterMs === null ? undefined : setTimeout(() => process.kill('SIGKILL'), killAfterMs);
        const settle = (answer: CallAnswer | null): void => {
          clearTimeout(timer);
          process.off('message', onMessage);
          process.off('exit', onExit);
          resolve(answer);
        };
        const onMessage = (answer: CallAnswer): void => { if (answer.id === id) settle(answer); };
        const onExit = (): void => settle(null);
        process.on('message', onMessage);
        process.once('exit', onExit);
        process.send({ ...request, id });
      });
    },
    async kill(): Promise<void> {
      const dying = child;
      child = null;
      if (!dying || dying.exitCode !== null || dying.signalCode !== null) return;
      dying.kill('SIGKILL');
      await once(dying, 'exit');
    },
  };
}

async function enginePids(agentFolder: string): Promise<number[]> {
  const record = JSON.parse(await readFile(join(agentFolder, 'engine.json'), 'utf8').catch(() => 'null')) as { pid: number; startTime: string } | null;
  if (!record || !isAlive(record.pid, record.startTime)) return [];
  const processes = await listProcesses();
  const found = [record.pid];
  for (const pid of found) found.push(...processes.filter((one) => one.parent === pid).map((one) => one.pid));
  return found;
}

/** The letter of the kernel; null when it is gone. */
const stateOf = async (pid: number): Promise<string | null> => /\) (\S) /.exec(await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''))?.[1] ?? null;

function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + goneTimeoutMs;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error(`the engine did not heed a signal within ${goneTimeoutMs} ms`);
    await delay(10);
  }
}
