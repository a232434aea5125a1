/** Simulated time: what is to happen, in order; ties in the order they were planned. */
export interface Clock {
  now(): number;
  at(time: number, act: () => void): void;
  after(delayMs: number, act: () => void): void;
  /** Runs what is planned until nothing is left or the time is reached. */
  runUntil(end: number): void;
}

interface Planned { time: number; order: number; act: () => void }

export function createClock(maxEvents: number): Clock {
  let now = 0;
  let order = 0;
  let done = 0;
  const heap: Planned[] = [];
  const before = (a: Planned, b: Planned): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

  function push(item: Planned): void {
    let i = heap.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i]!, heap[parent]!)) break;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  }
  function pop(): Planned {
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      for (let i = 0; ;) {
        const [left, right] = [2 * i + 1, 2 * i + 2];
        let least = i;
        if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
        if (right < heap.length && before(heap[right]!, heap[least]!)) least = right;
        if (least === i) break;
        [heap[i], heap[least]] = [heap[least]!, heap[i]!];
        i = least;
      }
    }
    return top;
  }
  const at = (time: number, act: () => void): void => push({ time: Math.max(time, now), order: order++, act });
  return {
    now: () => now,
    at,
    after: (delayMs, act) => at(now + delayMs, act),
    runUntil(end) {
      while (heap.length > 0 && heap[0]!.time <= end) {
        if (++done > maxEvents) throw new Error(`more than ${maxEvents} events: something goes round for ever`);
        const { time, act } = pop();
        now = time;
        act();
      }
      now = Math.max(now, end);
    },
  };
}
