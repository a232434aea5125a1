/** The limits of the public API (`kernel/api-limits.ts`) as the gateway uses them: the table, changed by `COFFER_LIMITS`. */
import { type LimitName, limitsTable } from '../../kernel/api-limits.ts';

/** What a list gives when neither `first` nor `last` is given. */
export const defaultListSize = 20;

export type Limits = { [name in LimitName]: number } & { defaultListSize: number };

const defaults = { ...Object.fromEntries(Object.entries(limitsTable).map(([name, { default: fallback }]) => [name, fallback])), defaultListSize } as Limits;

export const limitsWith = (overrides: Partial<Limits> = {}): Limits => ({ ...defaults, ...overrides });
