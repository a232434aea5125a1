/** On what a run was made, and how calm it was there. */
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine { cpu: string; cores: number; memoryGib: number; kernel: string; node: string }

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, memoryGib: Math.round(totalmem() / 1024 ** 3), kernel: release(), node: process.version,
});

export const loadText = (): string => loadavg().map((value) => value.toFixed(2)).join(' ');

interface Times { total: number; idle: number }
const times = (): Times => cpus().reduce<Times>((sum, { times: t }) => ({ total: sum.total + t.user + t.nice + t.sys + t.idle + t.irq, idle: sum.idle + t.idle }), { total: 0, idle: 0 });

/** The share of all processors that was in use while we did nothing, in percent: what others take from the measurement. */
export async function foreignLoadPercent(forMs = 1_000): Promise<number> {
  const before = times();
  await new Promise((resolve) => { setTimeout(resolve, forMs); });
  const after = times();
  return Math.round(100 * (1 - (after.idle - before.idle) / Math.max(1, after.total - before.total)));
}
