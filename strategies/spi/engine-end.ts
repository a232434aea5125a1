/** How guest halves learn that an engine has ended; for the plugins that come with Coffer. */
import { readFileSync } from 'node:fs';
import type { EngineExit, GuestContext } from './guest.ts';

/** False when it still runs then; an abort of the call's own is thrown. */
export async function endsWithin(ctx: Pick<GuestContext, 'engine' | 'signal'>, timeoutMs: number): Promise<boolean> {
  const late = AbortSignal.timeout(timeoutMs);
  return ctx.engine.exited(AbortSignal.any([ctx.signal, late])).then(() => true, (error: unknown) => {
    if (late.aborted && !ctx.signal.aborted) return false;
    throw error;
  });
}

/** How one ended whose log has nothing of that. Pure. */
export const silentEnd = ({ code, signal }: Pick<EngineExit, 'code' | 'signal'>): string =>
  `it said nothing${signal !== null ? `, and was ended by ${signal}` : code !== null ? `, and ended with code ${code}` : ''}`;

/** Seen at once: the agent hears of an exit a moment later than a broken connection tells it. */
export function hasEnded(pid: number | null): boolean {
  if (pid === null) return true;
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
