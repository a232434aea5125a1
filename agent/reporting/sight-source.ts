/** Puts together what is reported. Looking is synchronous; what has to be fetched is fetched when it may have changed. */
import { join } from 'node:path';
import type { AllowanceKeeper } from '../allowance.ts';
import type { ConfigurationLook } from '../configuration/look.ts';
import type { Configurer } from '../configuration/configurer.ts';
import type { AgentBoot } from '../../kernel/guest-record.ts';
import type { GuestHalf } from '../../strategies/spi/guest.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import type { VolumeUsage } from '../housekeeping/volume-usage.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import { type ContextFactory, ownFrame } from '../supervisor/context.ts';
import { tailOf } from '../supervisor/log-tail.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import { createSight, type Sight } from './observation.ts';

const tailLines = 20;

export interface SightSource {
  look(): Sight;
  onChange(listener: () => void): void;
  /** root was enabled or disabled */
  lookAtRoot(): void;
}
export interface SightSourceParts {
  boot: AgentBoot; allowance: AllowanceKeeper; state: StateKeeper; supervisor: Supervisor; volume: VolumeUsage; guest: GuestHalf; context: ContextFactory; timeouts: GuestTimeouts;
  configurer: Pick<Configurer, 'onChange' | 'told'>; configuration: Pick<ConfigurationLook, 'seen' | 'canRead' | 'onChange'>;
}

export function createSightSource({ boot, allowance, state, supervisor, volume, guest, context, timeouts, configurer, configuration }: SightSourceParts): SightSource {
  const listeners: (() => void)[] = [];
  let logTail: string[] = [];
  let rootEnabled: boolean | null = null;
  let isReadingTail = false;
  let isAskingForRoot = false;
  const changed = (): void => listeners.forEach((listener) => listener());

  const readTail = async (): Promise<void> => {
    const { engine } = state.current();
    if (isReadingTail || !engine) return;
    isReadingTail = true;
    // Of earlier starts too: a crash loop shows in them.
    const lines = await tailOf(join(boot.paths.logs, engine.logFile), tailLines);
    isReadingTail = false;
    if (lines.join('\n') === logTail.join('\n')) return;
    logTail = lines;
    changed();
  };
  const askForRoot = async (): Promise<void> => {
    if (!guest.root || isAskingForRoot) return;
    isAskingForRoot = true;
    try {
      rootEnabled = await guest.root.isEnabled(context(ownFrame('look-at-root', timeouts.statementMs)));
      changed();
    } catch {
      // The engine is busy or gone: it is asked again when it is next seen well.
    } finally {
      isAskingForRoot = false;
    }
  };

  supervisor.onChange(() => {
    const { state: engine } = supervisor.health();
    if (engine !== 'ok') void readTail();
    else if (rootEnabled === null) void askForRoot();
    changed();
  });
  for (const source of [allowance, volume, configurer, configuration]) source.onChange(changed);

  return {
    look: () => createSight({
      boot, allowance: allowance.current(), state: { ...state.current(), ...configurer.told() }, health: supervisor.health(), logTail, volumeUse: volume.used(), rootEnabled, afterCommand: supervisor.lastCommand(),
      configuration: { seen: configuration.seen(), canRead: configuration.canRead },
    }),
    onChange: (listener) => void listeners.push(listener),
    lookAtRoot: () => void askForRoot(),
  };
}
