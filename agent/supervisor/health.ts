import type { Clock } from '../../kernel/clock.ts';
import type { Probe } from '../../strategies/spi/guest.ts';
import { deriveEngineView, type EngineView, type EngineViewInput } from './engine-view.ts';

export interface Health extends EngineView { version: string | null; managementLost: boolean; crashes: number }

/** What the probes of the running process said. */
export interface HealthTracker {
  take(probe: Probe): void;
  /** the process it was about is gone */
  forget(): void;
  version(): string | null;
  view(rest: Omit<EngineViewInput, 'probe' | 'hungForMs'> & { crashes: number }): Health;
}

export function createHealthTracker(clock: Clock): HealthTracker {
  let probe: Probe | null = null;
  let version: string | null = null;
  let hungSinceMs: number | null = null;
  return {
    take(found) {
      hungSinceMs = found.state === 'hung' ? (hungSinceMs ?? clock.now()) : null;
      probe = found;
      version = found.version ?? version;
    },
    forget() {
      [probe, hungSinceMs] = [null, null];
    },
    version: () => version,
    view: ({ crashes, ...rest }) => ({
      ...deriveEngineView({ ...rest, probe, hungForMs: hungSinceMs === null ? 0 : clock.now() - hungSinceMs }),
      version, managementLost: probe?.managementLost ?? false, crashes,
    }),
  };
}
