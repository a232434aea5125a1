/**
 * Joins the look-ups of one moment into one call. Nothing is remembered beyond it: a subscription lives long, and what
 * it shows must be read again for each event.
 */
export interface Batch<T> { load(id: string): Promise<T | null> }

export function createBatch<T>(loadMany: (ids: readonly string[]) => Promise<(T | null)[]>): Batch<T> {
  let open: { places: Map<string, number>; answers: Promise<(T | null)[]> } | null = null;

  function start(): NonNullable<typeof open> {
    const places = new Map<string, number>();
    // Two turns of the microtask queue, so that siblings behind a promise that has just resolved join too.
    const answers = Promise.resolve().then(() => undefined).then(() => {
      open = null;
      return loadMany([...places.keys()]);
    });
    return { places, answers };
  }

  return {
    async load(id) {
      const { places, answers } = (open ??= start());
      const place = places.get(id) ?? places.size;
      places.set(id, place);
      return (await answers)[place] ?? null;
    },
  };
}
