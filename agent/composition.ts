/** The only place that puts the agent's parts together. */
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import type { Clock } from '../kernel/clock.ts';
import type { AgentBoot } from '../kernel/guest-record.ts';
import type { Log } from '../kernel/log.ts';
import { releaseVersion } from '../kernel/release.ts';
import { capabilitiesOf, grantedCapabilities } from '../strategies/spi/guest.ts';
import type { DatastorePlugin } from '../strategies/spi/datastore.ts';
import { createAllowanceKeeper } from './allowance.ts';
import { type CommandKind, commandTraits } from './commands/catalogue.ts';
import { createCertificateRenewal } from './commands/certificate-renewal.ts';
import { armCrashPoints } from './commands/crash-point.ts';
import { createLifeCycle } from './commands/life-cycle.ts';
import { createPerform } from './commands/perform.ts';
import { createRunner } from './commands/runner.ts';
import { createConfigurer } from './configuration/configurer.ts';
import { createCatalogue } from './configuration/catalogue.ts';
import { createConfigurationLook } from './configuration/look.ts';
import { createSafeStart } from './configuration/safe-start.ts';
import { createSettling } from './configuration/settling.ts';
import { createLogRotation } from './housekeeping/log-rotation.ts';
import { createVolumeUsage } from './housekeeping/volume-usage.ts';
import { createEngineCertificate } from './identity/engine-certificate.ts';
import { createIdentityKeeper } from './identity/identity.ts';
import { openIdentityFiles } from './identity/identity-files.ts';
import { createJournal } from './journal/journal.ts';
import { commandName } from './journal/record.ts';
import { createAddressBook } from './reporting/address-book.ts';
import { createReporter } from './reporting/reporter.ts';
import { createSightSource } from './reporting/sight-source.ts';
import { createGuestAgent } from './rpc/guest-agent.ts';
import { startServer } from './rpc/server.ts';
import { IdentityServerCredentials } from './rpc/server-credentials.ts';
import { createStateKeeper } from './state/agent-state.ts';
import { createFenceKeeper } from './state/fence-keeper.ts';
import { openSecrets } from './state/secrets.ts';
import { openSlotStore } from './state/slot-store.ts';
import { createContextFactory } from './supervisor/context.ts';
import { createEngineProcess } from './supervisor/engine-process.ts';
import { ownPath } from './supervisor/own-path.ts';
import { createSupervisor } from './supervisor/supervisor.ts';
import { createUpgrading } from './upgrade/upgrading.ts';

/** Versions of the agent's protocol that it speaks, newest first. 1.1: it keeps and tells the values of configuration groups. */
const protocols = ['1.1', '1'];

export interface Agent {
  /** The engine stays; everything else ends. */
  leave(): Promise<void>;
  /** The engine is stopped in an orderly way; the wanted run state stays. */
  stop(): Promise<void>;
  /** The engine is stopped until it is asked for again or `release` comes. */
  hold(reason: string): void;
  release(): void;
  /** Something was changed from outside: a token, what the instance may have. A hold lasts: it says nothing of the disk. */
  recheck(): void;
}

export class CapabilityMismatch extends Error {
  override readonly name = 'CapabilityMismatch';
}
export interface AgentParts { boot: AgentBoot; plugin: DatastorePlugin; clock: Clock; log: Log; onStuck(kind: string): void }

export async function startAgent({ boot, plugin, clock, log, onStuck }: AgentParts): Promise<Agent> {
  const guest = await plugin.guest();
  const { timeouts } = plugin.manifest;
  // What it has and does not claim is nobody's to use.
  const capabilities = grantedCapabilities(plugin.manifest.capabilities, guest);
  const missing = capabilities.filter((one) => !capabilitiesOf(guest).includes(one));
  if (missing.length > 0) throw new CapabilityMismatch(`The plugin ${plugin.manifest.id} declares ${missing.join(', ')}, and its guest half has no such group`);

  const journalFolder = join(boot.paths.agent, 'journal');
  await mkdir(journalFolder, { recursive: true, mode: 0o700 });
  const store = await openSlotStore(join(journalFolder, 'slots'));
  const state = createStateKeeper(store, join(boot.paths.agent, 'state.json'), log);
  const secrets = await openSecrets(boot.paths.agent);
  const journal = createJournal(store, clock);
  const fences = createFenceKeeper(store);
  const addresses = createAddressBook(store, boot.conductorAddress);

  // The engine first: it needs nobody else.
  const engine = createEngineProcess(boot, () => clock.now());
  const allowance = createAllowanceKeeper(boot, log);
  const context = createContextFactory({ boot, allowance, state, secrets, engine, log });
  const lastCommand = journal.lastEnded((kind) => commandTraits[kind as CommandKind]?.changesRunState ?? false);
  const configurer = createConfigurer({ guest, timeouts, state, context, log });
  const startSafely = createSafeStart(state, configurer);
  const supervisor = createSupervisor({ guest, timeouts, engine, state, context, startSafely, clock, log, lastCommand: lastCommand ? commandName(lastCommand) : '' });
  const volume = createVolumeUsage(boot.paths.volume, allowance);
  const configuration = createConfigurationLook({ guest, specs: createCatalogue({ control: plugin.control, track: boot.track, log }), timeouts, state, configurer, supervisor, context, log });
  let wasWell = false;
  supervisor.onChange(() => {
    if (supervisor.health().state !== 'ok') return;
    configurer.seenWell();
    // Its data may have been made since the volume was measured.
    if (!wasWell) volume.look();
    wasWell = true;
  });
  const sight = createSightSource({ boot, allowance, state, supervisor, volume, guest, context, timeouts, configurer, configuration });
  supervisor.begin();

  const credentials = new IdentityServerCredentials();
  const identity = createIdentityKeeper({ boot, files: await openIdentityFiles(boot.paths.agent), addresses, clock, log });
  identity.onChange((own) => credentials.use(own));
  const own = (path: string, mode: number): Promise<void> => ownPath(path, mode, boot.engineUid);
  const engineCertificate = createEngineCertificate({ boot, identity, addresses, clock, own });

  const lifeCycle = createLifeCycle({ boot, guest, state, secrets, supervisor, engineCertificate, configurer, startSafely });
  const upgrading = createUpgrading({ boot, guest, state });
  const perform = createPerform({ guest, lifeCycle, configurer, upgrading, supervisor, journal, context, secrets, clock, log, onRootChange: () => sight.lookAtRoot(), crashPoint: await armCrashPoints(store) });
  const runner = createRunner({ journal, fences, capabilities: new Set(capabilities), perform, onStuck, log });
  const renewal = createCertificateRenewal({ engineCertificate, lifeCycle, runner, context, timeouts, log });
  const settling = createSettling({ configurer, runner, timeouts, log });

  const introduction = {
    instanceId: boot.instanceId, agentVersion: releaseVersion(), protocols, capabilities, datastore: boot.datastore, track: boot.track, buildId: boot.build.id,
  };
  const server = await startServer(boot.bind, createGuestAgent({ boot, introduction, guest, timeouts, runner, supervisor, state, context, log }), credentials);
  const host = isWildcard(boot.bind) ? boot.advertise : boot.bind;
  const address = `${host.includes(':') ? `[${host}]` : host}:${server.port}`;
  const hello = () => ({ ...introduction, address });
  const reporter = createReporter({ trustDomain: boot.trustDomain, identity, addresses, hello, look: () => sight.look(), clock, log });
  sight.onChange(() => reporter.changed());
  identity.onChange(() => reporter.reconnect());

  const rotation = createLogRotation(boot.paths.logs, (error) => log.warn({ reason: error.message }, 'logs could not be rotated'));
  reporter.begin();
  await identity.begin();
  for (const part of [volume, rotation, renewal, configuration, settling]) part.begin();
  log.info({ address, capabilities, version: introduction.agentVersion }, 'the agent is ready');

  const leave = async (): Promise<void> => {
    for (const part of [supervisor, identity, volume, rotation, renewal, configuration, settling]) part.end();
    reporter.end();
    await server.stop();
    await store.close();
  };
  return {
    leave,
    async stop() {
      await runner.abortAll('The agent is being stopped');
      await supervisor.stopForGood();
      await leave();
    },
    hold: (reason) => supervisor.hold(reason),
    release: () => supervisor.release(),
    recheck() {
      identity.recheck();
      allowance.reload().catch((error: Error) => log.error({ reason: error.message }, 'what the instance may have could not be read'));
    },
  };
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';
