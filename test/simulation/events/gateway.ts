/** A gateway reduced to its log reader (log-reader.ts): horizon, memory, routes. */
import { isAfter, type Position } from '../../../gateway/events/cursor.ts';
import type { Entry } from '../../../gateway/events/event-row.ts';
import { createRecent, floorOf } from '../../../gateway/events/recent.ts';
import { createRoutes, type Scope } from '../../../gateway/events/routes.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { ModelLog } from './log.ts';

export interface ModelGateway {
  attach(scope: Scope, push: (entry: Entry) => void): () => void;
  recent(after: Position): readonly Entry[] | null;
  position(): Position;
  poke(wanted: Position): void;
  isDown(): boolean;
  down(): void;
}

const BATCH = 4;
const PREFILL = 3;

export function createModelGateway(world: { clock: Clock; random: Random; log: ModelLog }): ModelGateway {
  const { clock, random, log } = world;
  const routes = createRoutes();
  const first = log.latest(PREFILL);
  const recent = createRecent(floorOf(first.entries, first.entries.length === PREFILL, first.pruned), { maxEntries: 6, maxBytes: 1_000_000 });
  recent.add(first.entries);
  let position = first.entries.at(-1)?.position ?? first.pruned;
  let isDown = false;

  function read(): void {
    for (let isFull = true; isFull;) {
      const page = log.page(position, BATCH);
      isFull = page.entries.length === BATCH;
      position = page.end;
      recent.add(page.entries);
      for (const entry of page.entries) routes.deliver(entry);
    }
  }
  function loop(): void {
    if (isDown) return;
    read();
    clock.after(random.int(1, 60), loop);
  }
  loop();
  return {
    attach: routes.attach,
    recent: (after) => recent.after(after),
    position: () => position,
    poke: (wanted) => { if (isAfter(wanted, position)) read(); },
    isDown: () => isDown,
    down: () => { isDown = true; },
  };
}
