export interface SupervisionInput {
  prepared: boolean;
  wanted: 'RUNNING' | 'STOPPED';
  /** why the engine must stay down although it is wanted */
  held: string | null;
  /** a command that changes the run state is at work, or supervision's own start or stop is */
  isBusy: boolean;
  isAlive: boolean;
  /** `start` of the plugin has returned for the process that runs */
  isStartComplete: boolean;
  nextStartAtMs: number;
  nowMs: number;
}
export type SupervisionAction = { do: 'nothing' } | { do: 'stop' } | { do: 'start'; inMs: number };

/** One level-triggered step towards the wanted run state. */
export function decideSupervision(input: SupervisionInput): SupervisionAction {
  if (input.isBusy || !input.prepared) return { do: 'nothing' };
  if (input.held !== null || input.wanted === 'STOPPED') return input.isAlive ? { do: 'stop' } : { do: 'nothing' };
  if (input.isAlive && input.isStartComplete) return { do: 'nothing' };
  return { do: 'start', inMs: Math.max(0, input.nextStartAtMs - input.nowMs) };
}
