/** The commands that make, start and stop the engine: plugin methods with what must be durable around them. */
import { mkdir } from 'node:fs/promises';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import type { Configurer } from '../configuration/configurer.ts';
import type { SafeStart } from '../configuration/safe-start.ts';
import type { ValueSet } from '../configuration/value-set.ts';
import type { EngineCertificate } from '../identity/engine-certificate.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import type { SecretKeeper } from '../state/secrets.ts';
import { type GuestContext, GuestFault, type GuestHalf } from '../../strategies/spi/guest.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';

export interface LifeCycle {
  initialise(ctx: GuestContext, order: ValueSet & { managementSecret: string }): Promise<void>;
  start(ctx: GuestContext): Promise<void>;
  stop(ctx: GuestContext, immediate: boolean): Promise<void>;
  restart(ctx: GuestContext): Promise<void>;
  /** A new certificate, loaded by the engine. */
  rotateCertificate(ctx: GuestContext): Promise<void>;
  /** The files were replaced: an engine that is up loads them, if it can without a restart. */
  reloadCertificate(ctx: GuestContext): Promise<void>;
}

export interface LifeCycleParts {
  boot: AgentBoot; guest: GuestHalf; state: StateKeeper; secrets: SecretKeeper; supervisor: Supervisor; engineCertificate: EngineCertificate;
  configurer: Configurer; startSafely: SafeStart;
}

export function createLifeCycle({ boot, guest, state, secrets, supervisor, engineCertificate, configurer, startSafely }: LifeCycleParts): LifeCycle {
  /** A plugin reads values and secret from its context: one made before they changed is given them. */
  const refreshed = (ctx: GuestContext): GuestContext => ({ ...configurer.refreshed(ctx), managementSecret: secrets.managementSecret() });

  /** One that does not answer does not hear a polite request either; whoever sends the command has decided to lose it. */
  const manner = (isImmediate: boolean): 'orderly' | 'immediate' => (isImmediate || supervisor.health().state === 'hung' ? 'immediate' : 'orderly');

  /** An engine that was on its way down when it was found is gone by then: the second start finds none and makes one. */
  const startGuest = async (ctx: GuestContext): Promise<void> => {
    const found = ctx.engine.pid();
    try {
      await guest.start(ctx);
    } catch (error) {
      if (found === null || ctx.engine.pid() !== null || ctx.signal.aborted) throw error;
      await guest.start(ctx);
    }
  };

  /** An engine that is up with its former values is no success: whoever sent the command wanted the new ones. Trying again would start the former. */
  const startWith = async (ctx: GuestContext, start: (current: GuestContext) => Promise<void>): Promise<void> => {
    const rejected = await startSafely(() => ctx, start);
    await supervisor.started();
    if (rejected) throw new GuestFault('REFUSED', `The engine did not start with its new values and runs with the former ones again: ${rejected.reason}`);
  };

  /** One that is down reads the new files when it starts. */
  const reload = async (ctx: GuestContext): Promise<void> => {
    if (ctx.engine.pid() !== null) await guest.tls?.rotate(ctx);
    await engineCertificate.setLoaded();
  };

  return {
    async initialise(ctx, { managementSecret, ...set }) {
      if (state.current().prepared) {
        // Never again: there may be data. Only a repeat of the very same order is answered.
        if (secrets.managementSecret() === managementSecret) return;
        throw new GuestFault('REFUSED', 'The engine\'s data was made before; delete the instance to make it anew');
      }
      await ensureFolders(boot, ctx);
      await secrets.keep(managementSecret);
      await configurer.begin(set);
      ctx.progress(0.05, 'Getting the engine\'s certificate');
      await engineCertificate.ensure({ force: false });
      await guest.initialise(refreshed(ctx));
      // Durable marker: what counts as healthy from now on has been made in full.
      await state.update({ prepared: true });
    },
    async start(ctx) {
      assertPrepared(state);
      await supervisor.want('RUNNING');
      await startWith(ctx, startGuest);
    },
    async stop(ctx, immediate) {
      await supervisor.want('STOPPED');
      await guest.stop(ctx, manner(immediate));
    },
    async restart(ctx) {
      assertPrepared(state);
      await supervisor.want('RUNNING');
      await guest.stop(ctx, manner(false));
      await startWith(ctx, (current) => guest.start(current));
    },
    async rotateCertificate(ctx) {
      await engineCertificate.ensure({ force: true });
      await reload(ctx);
    },
    reloadCertificate: reload,
  };
}

function assertPrepared(state: StateKeeper): void {
  if (!state.current().prepared) throw new GuestFault('REFUSED', 'The engine has no data yet; initialise it first');
}

/** Compute made most of them; the data's own folder is the plugin's to make. */
async function ensureFolders(boot: AgentBoot, ctx: GuestContext): Promise<void> {
  for (const folder of [boot.paths.config, boot.paths.tls, boot.paths.run, boot.paths.logs]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await ctx.engine.own(folder, 0o700);
  }
}
