/** Numbers of a version, compared one by one; what is not a number ends it ("17.12-0+deb13u1" is 17, 12). */
const numbersOf = (version: string): number[] => (/^[0-9.]+/.exec(version)?.[0] ?? '').split('.').filter(Boolean).map(Number);

/** Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether a version belongs to a track: "17.12" to "17", "10.11.19" to "10.11", never "170.1" to "17". */
export const matchesTrack = (version: string, track: string): boolean => version === track || version.startsWith(`${track}.`);

/** The version in a program's output, or undefined. A pattern that does not compile is the plugin's fault. */
export const parseVersion = (output: string, pattern: string): string | undefined => new RegExp(pattern, 'm').exec(output)?.[1];
