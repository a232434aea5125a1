/**
 * Asks the engine now and then what it really runs with: after each of its starts, after each change, and every minute
 * while it is well. Nobody waits for it, and a plugin that never answers is asked again only about another process.
 */
import type { Log } from '../../kernel/log.ts';
import type { GuestHalf } from '../../strategies/spi/guest.ts';
import type { GuestTimeouts } from '../../strategies/spi/manifest.ts';
import type { ParameterSpec } from '../../strategies/spi/parameters.ts';
import type { StateKeeper } from '../state/agent-state.ts';
import { type ContextFactory, ownFrame } from '../supervisor/context.ts';
import { endedWith } from '../supervisor/ended-with.ts';
import type { Supervisor } from '../supervisor/supervisor.ts';
import type { Configurer } from './configurer.ts';
import { decideSeen, decideSized, decideStillSeen, type Seen } from './decide.ts';
import { digestOfValues } from './value-set.ts';

const everyMs = 60_000;
/** after an answer that did not come; doubled each time */
const retryMs = 2_000;
/** after one that a change has overtaken */
const overtakenMs = 100;

export interface ConfigurationLook {
  begin(): void;
  /** null until the engine was read once */
  seen(): Seen | null;
  /** false: the plugin cannot tell */
  canRead: boolean;
  onChange(listener: () => void): void;
  end(): void;
}
export interface ConfigurationLookParts {
  guest: Pick<GuestHalf, 'configuration'>; /** the catalogue, where the plugin has one */ specs: () => Promise<readonly ParameterSpec[]>; timeouts: GuestTimeouts; state: StateKeeper; configurer: Pick<Configurer, 'changes' | 'onChange'>;
  supervisor: Pick<Supervisor, 'health' | 'onChange'>; context: ContextFactory; log: Log;
}

export function createConfigurationLook({ guest, specs, timeouts, state, configurer, supervisor, context, log }: ConfigurationLookParts): ConfigurationLook {
  const group = guest.configuration;
  const listeners: (() => void)[] = [];
  let seen: Seen | null = null;
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  /** the process it is asked of and that has not answered */
  let asking: string | null = null;
  let failures = 0;
  /** of the latest look that was begun */
  let lookedAt = '';

  const engineProcess = (): string => {
    const { engine } = state.current();
    return `${engine?.bootId}/${engine?.pid}/${engine?.startTime}`;
  };
  /** Another process, or other values, is something else to look at. */
  const subject = (): string => `${engineProcess()}/${configurer.changes()}`;
  const isReadable = (): boolean => supervisor.health().state === 'ok' && state.current().before === null && asking !== engineProcess();

  const see = (found: Seen | null): void => {
    const before = JSON.stringify(seen);
    seen = decideStillSeen({ seen: found, engine: supervisor.health().state, wanted: state.current().wanted });
    if (JSON.stringify(seen) !== before) for (const listener of listeners) listener();
  };
  const ask = async (read: NonNullable<typeof group>['read']): Promise<'told' | 'overtaken'> => {
    const about = subject();
    lookedAt = about;
    const asked = engineProcess();
    const ctx = context(ownFrame('look-at-configuration', timeouts.statementMs));
    asking = asked;
    const answer = read(ctx).finally(() => { if (asking === asked) asking = null; });
    const [live, known] = await endedWith(ctx.signal, Promise.all([answer, specs()]));
    // While values are put back the engine has those of neither set for sure.
    if (subject() !== about || state.current().before !== null) return 'overtaken';
    const { inForce, startedWith, sized: before } = state.current();
    const { sized, drifted } = decideSized({ live, given: inForce, specs: known, process: asked, before });
    const seenByGroup = decideSeen(live, inForce.parameters, startedWith === digestOfValues(inForce), known);
    const found = { ...seenByGroup, drifted: [...seenByGroup.drifted, ...drifted].sort() };
    // An agent that starts anew goes on telling what it told.
    if (JSON.stringify(sized) !== JSON.stringify(before)) state.update({ sized }).catch((error: Error) => log.error({ reason: error.message }, 'the values that the engine was seen with could not be recorded'));
    see(found);
    return 'told';
  };
  const look = async (): Promise<void> => {
    clearTimeout(timer);
    if (hasEnded || !group) return;
    let restMs = everyMs;
    if (isReadable()) {
      const outcome = await ask((ctx) => group.read(ctx)).catch((error: Error) => {
        log.debug({ reason: error.message }, 'the engine\'s parameters could not be read');
        return 'failed' as const;
      });
      failures = outcome === 'failed' ? failures + 1 : 0;
      if (outcome !== 'told') restMs = outcome === 'overtaken' ? overtakenMs : Math.min(everyMs, retryMs * 2 ** (failures - 1));
    }
    clearTimeout(timer);
    if (!hasEnded) timer = setTimeout(() => void look(), restMs);
  };
  const lookAnew = (): void => {
    see(seen);
    if (!hasEnded && subject() !== lookedAt && isReadable()) void look();
  };

  return {
    canRead: group !== undefined,
    seen: () => seen,
    onChange: (listener) => void listeners.push(listener),
    begin() {
      supervisor.onChange(lookAnew);
      configurer.onChange(lookAnew);
      void look();
    },
    end() {
      hasEnded = true;
      clearTimeout(timer);
    },
  };
}
