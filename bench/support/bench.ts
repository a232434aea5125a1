import type { Table } from './table.ts';

export interface BenchOptions {
  /** shorter and fewer runs: to see that everything works, not to quote */
  quick: boolean;
  /** one line about what is going on */
  say(text: string): void;
}
/** One file in `bench/benches`. Answers as many tables as it likes; ends everything it started. */
export type Bench = (options: BenchOptions) => Promise<Table[]>;
