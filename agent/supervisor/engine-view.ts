import type { Probe } from '../../strategies/spi/guest.ts';

export type EngineState = 'ok' | 'starting' | 'down' | 'hung' | 'crash-loop' | 'unknown';
export interface EngineView { state: EngineState; detail: string | null }

export interface EngineViewInput {
  prepared: boolean;
  wanted: 'RUNNING' | 'STOPPED';
  held: string | null;
  isAlive: boolean;
  /** `start` is under way for an engine that was not there before */
  isStarting: boolean;
  /** of the process that runs now; null: not probed yet */
  probe: Probe | null;
  hungForMs: number;
  isCrashLoop: boolean;
  /** why it went down or did not start, in a sentence */
  lastFault: string | null;
}

/** After this long a hung engine is spoken of differently. It is left alone: killing it is a person's decision. */
export const hungNoticeMs = 60_000;

/** What is told about the engine: only what was seen, and a fault never hides one that answers. */
export function deriveEngineView(input: EngineViewInput): EngineView {
  if (input.isAlive) return viewOfProcess(input);
  if (input.held !== null) return { state: 'down', detail: input.held };
  if (!input.prepared) return { state: 'down', detail: 'The engine has no data yet' };
  if (input.wanted === 'STOPPED') return { state: 'down', detail: null };
  if (input.isCrashLoop) return { state: 'crash-loop', detail: input.lastFault };
  if (input.lastFault === null && input.isStarting) return { state: 'starting', detail: null };
  return { state: 'down', detail: input.lastFault ?? 'The engine is not running' };
}

function viewOfProcess({ isStarting, probe, hungForMs, held }: EngineViewInput): EngineView {
  if (isStarting) return { state: 'starting', detail: probe?.detail ?? null };
  if (!probe) return { state: 'unknown', detail: 'The engine runs and was not asked yet' };
  if (probe.state === 'hung') {
    return { state: 'hung', detail: hungForMs < hungNoticeMs ? probe.detail : `${probe.detail ?? 'The engine does not answer'}; it has been so for over a minute and is left running` };
  }
  return { state: probe.state, detail: held ?? probe.detail };
}
