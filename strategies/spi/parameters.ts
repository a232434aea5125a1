/** What an engine can be told in its configuration: the catalogue of a track, and values in one form everywhere. */

/** LIVE: taken at once by a running engine. RESTART: by the next start. CREATE: fixed when the data are made. */
export type ParameterApply = 'LIVE' | 'RESTART' | 'CREATE';

/**
 * One parameter of a track. Made from what the engine tells of itself (`GuestHalf.configuration.describe`) and a small
 * overlay of what it does not tell: `owned`, `warning`, narrower bounds.
 */
export interface ParameterSpec {
  /** the engine's own name */
  name: string;
  type: 'BOOLEAN' | 'INTEGER' | 'NUMBER' | 'STRING' | 'ENUM';
  /** what a bare number counts: an optional factor and one of B, kB, MB, GB (of 1024), us, ms, s, min, h, d: "8kB", "ms". Null: nothing */
  unit: string | null;
  /** canonical; of an engine without any configuration; null: it has none, or works it out by itself */
  default: string | null;
  /** inclusive, counted in `unit` */
  min: number | null;
  max: number | null;
  /** of an ENUM: its values as the engine spells them; else null */
  allowed: readonly string[] | null;
  apply: ParameterApply;
  /** one or two sentences, the engine's own where it has any */
  description: string;
  /** why nobody but Coffer sets it; absent: a group may */
  owned?: string;
  /** what a person should know before setting it, where it endangers data or security */
  warning?: string;
}

/**
 * A parameter as the engine has it now. `pending`: the value its files have and its next start will take, where that is
 * another. Both canonical.
 */
export interface LiveParameter { name: string; value: string; pending: string | null }
