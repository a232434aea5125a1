/** Which names somebody may have meant. Engines write names with dashes, dots or underscores, and people mix them up. Pure. */

const mostSuggestions = 3;
/** no name of an engine is longer; what is would only take time */
const longestName = 100;

export function nearNames(name: string, names: readonly string[]): string[] {
  if (name.length > longestName) return [];
  const wanted = folded(name);
  const most = Math.max(1, Math.floor(wanted.length / 4));
  return names
    .map((one) => ({ one, distance: distance(wanted, folded(one), most) }))
    .filter((near) => near.distance <= most)
    .sort((a, b) => a.distance - b.distance || (a.one < b.one ? -1 : 1))
    .slice(0, mostSuggestions)
    .map(({ one }) => one);
}

const folded = (name: string): string => name.trim().toLowerCase().replaceAll(/[-. ]/g, '_');

/** Letters put in, left out, replaced, or two neighbours swapped; `most + 1` stands for more. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let [beforeLast, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = last![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? beforeLast![j - 2]! + 1 : Infinity;
      row.push(Math.min(last![j]! + 1, row[j - 1]! + 1, replaced, swapped));
    }
    if (Math.min(...row) > most && i > 1 && Math.min(...last!) > most) return most + 1;
    [beforeLast, last] = [last, row];
  }
  return last![b.length]!;
}
