/**
 * One agent for one instance: `COFFER_INSTANCE=<id> node main.ts <instances/<id> or its agent/boot.json>`.
 *
 *   SIGTERM  ends the agent; the engine keeps running (upgrade)
 *   SIGUSR1  stops the engine in an orderly way, then ends the agent; what was wanted stays
 *   SIGUSR2  the disk is full: stops the engine until Start, or SIGURG
 *   SIGURG   the disk has room again: ends the state after SIGUSR2
 *   SIGHUP   looks for a new enrolment token and for what the instance may have
 */
import { keepTrim } from './housekeeping/frugal.ts';
import { basename, dirname } from 'node:path';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import { loadPlugin, namedPackages } from '../strategies/registry.ts';
import { loadBoot } from './boot.ts';
import { type Agent, CapabilityMismatch, startAgent } from './composition.ts';
import { createLog, levelOf } from './log.ts';
import { AlreadyRunning, claimInstance } from './single.ts';

/** sysexits.h */
const exitCodes = { failed: 70, stuck: 75, usage: 64, refused: 78 } as const;
const heldReason = 'The volume is full: the engine is stopped until the host\'s disk has room again';

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGUSR1' | 'SIGUSR2' | 'SIGURG' | 'SIGHUP';
const agent = Promise.withResolvers<Agent>();
let ready: Agent | undefined;
let log: Log = createLog({ level: 'info', fields: {} });

async function handle(signal: Signal): Promise<void> {
  log.info({ signal }, 'signal received');
  if (signal === 'SIGTERM' || signal === 'SIGINT') {
    // One that is only starting has nothing to leave: what counts is on disk, and the engine is nobody's child.
    await ready?.leave();
    process.exit(0);
  }
  const running = await agent.promise;
  if (signal === 'SIGUSR2') return running.hold(heldReason);
  if (signal === 'SIGURG') return running.release();
  if (signal === 'SIGHUP') return running.recheck();
  await running.stop();
  process.exit(0);
}

// At once: Node opens a debugger on SIGUSR1 that nobody listens to. SIGUSR2 last: compute sends nothing before it is caught.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGHUP', 'SIGURG', 'SIGUSR2'] as const) {
  process.on(signal, () => void handle(signal).catch((error: Error) => {
    log.error({ signal, reason: error.message }, 'a signal could not be served');
    if (!['SIGUSR2', 'SIGURG', 'SIGHUP'].includes(signal)) process.exit(exitCodes.failed);
  }));
}
process.on('unhandledRejection', (error) => {
  log.error({ reason: error instanceof Error ? error.message : String(error), stack: error instanceof Error ? error.stack : undefined }, 'a promise was left alone');
});

/** Test hook: how far this agent's clock is off. */
const clockOffsetMs = Number(process.env['COFFER_TEST_CLOCK_OFFSET_MS'] ?? 0) || 0;
const clock: Clock = { now: () => Date.now() + clockOffsetMs };

async function main(): Promise<void> {
  process.umask(0o077);
  const [, , target] = process.argv;
  if (!target) throw Object.assign(new Error('Usage: main.ts <folder of the instance>'), { exitCode: exitCodes.usage });
  const root = basename(target) === 'boot.json' ? dirname(dirname(target)) : target;
  const instanceId = process.env['COFFER_INSTANCE'];
  const boot = await loadBoot(root, instanceId);
  log = createLog({ level: levelOf(process.env['COFFER_LOG_LEVEL']), fields: { instance: boot.instanceId, pid: process.pid } });
  await claimInstance(boot.paths.agent);
  const plugin = await loadPlugin(boot.datastore, namedPackages(process.env));
  const onStuck = (kind: string): void => {
    log.error({ command: kind }, 'a command does not end although it was aborted: the agent starts anew, the engine stays');
    process.exit(exitCodes.stuck);
  };
  ready = await startAgent({ boot, plugin, clock, log, onStuck });
  agent.resolve(ready);
  keepTrim();
}

main().catch((error: Error & { exitCode?: number }) => {
  const isRefusal = error instanceof CapabilityMismatch || error instanceof AlreadyRunning;
  log.error({ reason: error.message, stack: isRefusal ? undefined : error.stack }, 'the agent cannot run');
  process.exit(error.exitCode ?? (isRefusal ? exitCodes.refused : exitCodes.failed));
});
