/** The engine's life: files, start, stop, probe. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, silentEnd } from '../../../spi/engine-end.ts';
import { GuestFault, type GuestContext, type GuestHalf, type Probe } from '../../../spi/guest.ts';
import { managementName } from '../acl.ts';
import { aclFileOf, configFileOf } from './config-file.ts';
import { configure, readParameters } from './configure.ts';
import { describe } from './describe.ts';
import { putConfig, putStartingConfig, readText, writeOwned } from './files.ts';
import { ask, dropConnection, managementConnection } from './management.ts';
import { check } from './resize.ts';
import { RespError, SilenceError } from './resp.ts';
import { upgrade } from './upgrade.ts';
import { grants, hashPassword, root, users } from './users.ts';

const logFile = 'redis.log';
const readyLookMs = 10;
const probeTimeoutMs = 1_500;
const markerOf = (ctx: GuestContext): string => `${ctx.paths.data}/.initialised`;

const managementLine = (ctx: GuestContext): string => `user ${managementName} on sanitize-payload #${hashPassword(ctx.managementSecret)} ~* &* +@all`;
/**
 * Nobody can be it: it is off and has no password. It may do all the same whatever there is, since the engine replays the
 * append-only file in its name and leaves out each transaction and script that it may not do.
 */
const defaultLine = 'user default off sanitize-payload ~* &* +@all';
const withDefaultUser = (text: string): string => text.replace(/^user default .*$/m, defaultLine);

/** Users of the file with the two that are Coffer's put right; pure text. */
function withSystemUsers(ctx: GuestContext, text: string): string {
  const others = text.split('\n').filter((line) => line.trim() !== '' && !new RegExp(`^user (default|${managementName}) `).test(line));
  return `${[defaultLine, managementLine(ctx), ...others].join('\n')}\n`;
}

async function waitReady(ctx: GuestContext): Promise<void> {
  for (;;) {
    const probe = await probeEngine(ctx);
    if (probe.state === 'ok') return;
    if (ctx.engine.pid() === null) throw new GuestFault('FAILED_TO_START', `the engine ended while starting: ${(await ctx.engine.logTail(5)).join(' / ') || silentEnd(await ctx.engine.exited(ctx.signal))}`);
    if (probe.managementLost) throw new GuestFault('FAILED', 'the engine refuses the management account');
    if (ctx.signal.aborted) throw new GuestFault('RETRYABLE', `the engine was not ready in time (${probe.detail ?? probe.state})`);
    if (probe.state === 'starting' && probe.detail) ctx.progress(0.5, probe.detail);
    await delay(readyLookMs);
  }
}

async function probeEngine(ctx: GuestContext): Promise<Probe> {
  const answer = (state: Probe['state'], detail: string | null, version: string | null = null, managementLost = false): Probe => ({ state, detail, version, managementLost });
  if (ctx.engine.pid() === null) return answer('down', null);
  try {
    const connection = await managementConnection(ctx, probeTimeoutMs);
    await connection.command(['PING'], probeTimeoutMs);
    return answer('ok', null, ctx.version);
  } catch (error) {
    if (error instanceof RespError) {
      if (error.kind === 'LOADING') return answer('starting', 'loading the data set into memory');
      if (error.kind === 'WRONGPASS' || error.kind === 'NOAUTH' || error.kind === 'NOPERM') return answer('ok', 'the management account does not work', null, true);
      if (/max number of clients/.test(error.message)) return answer('ok', 'all client connections are in use');
      return answer('ok', error.message);
    }
    dropConnection(ctx);
    if (error instanceof SilenceError) return answer('hung', error.message);
    // nobody listens or the connection broke: it is gone, or has only just been started
    return hasEnded(ctx.engine.pid()) ? answer('down', null) : answer('starting', null);
  }
}

export const guest: GuestHalf = {
  users, grants, root, upgrade,
  async initialise(ctx) {
    if ((await readText(markerOf(ctx))) !== null) return;
    await ctx.engine.killLeftovers();
    const aside = `${ctx.paths.data}.new`;
    await rm(aside, { recursive: true, force: true });
    await rm(ctx.paths.data, { recursive: true, force: true });
    await mkdir(aside, { mode: 0o700 });
    await writeFile(`${aside}/users.acl`, withSystemUsers(ctx, ''), { mode: 0o600 });
    await writeFile(`${aside}/.initialised`, '', { mode: 0o600 });
    for (const [path, mode] of [[`${aside}/users.acl`, 0o600], [`${aside}/.initialised`, 0o600], [aside, 0o700]] as const) await ctx.engine.own(path, mode);
    await rename(aside, ctx.paths.data);
    await putConfig(ctx);
  },
  async start(ctx) {
    const known = await readText(aclFileOf(ctx));
    if (known === null) throw new GuestFault('FAILED', 'the instance has no data: initialise it first');
    // a start that was cut off before its pid was on record left an engine that holds port and data
    if (ctx.engine.pid() === null) await ctx.engine.killLeftovers();
    // one that an earlier release has made
    if (ctx.engine.pid() === null && withDefaultUser(known) !== known) await writeOwned(ctx, aclFileOf(ctx), withDefaultUser(known));
    await (ctx.engine.pid() === null ? putStartingConfig(ctx) : putConfig(ctx));
    await ctx.engine.start({ command: `${ctx.paths.bin}/redis-server`, args: [configFileOf(ctx)], cwd: ctx.paths.data, logFile });
    await waitReady(ctx);
  },
  async stop(ctx, mode) {
    dropConnection(ctx);
    if (ctx.engine.pid() === null) return;
    // SIGTERM flushes the AOF, and saves where snapshots are on; the AOF is synced every second, so a kill costs at most that
    await ctx.engine.signal(mode === 'orderly' ? 'SIGTERM' : 'SIGKILL');
    await ctx.engine.exited(ctx.signal);
  },
  probe: probeEngine,
  configure,
  configuration: { describe, read: readParameters },
  resize: { check },
  async repair(ctx) {
    const before = await readText(aclFileOf(ctx));
    if (before === null) throw new GuestFault('FAILED', 'the instance has no data to repair');
    const wanted = withSystemUsers(ctx, before);
    if (wanted === before && ctx.engine.pid() !== null && (await probeEngine(ctx)).managementLost === false) return;
    const wasRunning = ctx.engine.pid() !== null;
    await this.stop(ctx, 'orderly');
    await writeOwned(ctx, aclFileOf(ctx), withSystemUsers(ctx, (await readText(aclFileOf(ctx))) ?? before));
    if (wasRunning) await this.start(ctx);
  },
  tls: {
    // the names stay, the files are new: the engine reads them anew; connected clients keep their sessions
    rotate: async (ctx) => {
      if (ctx.engine.pid() === null) return;
      await ask(ctx, 'CONFIG', 'SET', 'tls-cert-file', ctx.tls.certificate, 'tls-key-file', ctx.tls.key, 'tls-ca-cert-file', ctx.tls.ca);
    },
  },
};
