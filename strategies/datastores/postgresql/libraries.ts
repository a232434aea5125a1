/** Libraries of the build that a group may have the server load at its start. Pure. */

/** Those that only look: they add no types, no workers and no way to files. */
export const preloadable: readonly string[] = ['auto_explain', 'pg_stat_statements'];
export const preloadParameter = 'shared_preload_libraries';

export function preloadedLibraries(parameters: Readonly<Record<string, string>>): string[] {
  return (parameters[preloadParameter] ?? '').split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1')).filter((name) => name !== '');
}

/** The library that a parameter belongs to, when that is one of these. */
export const libraryOf = (parameter: string): string | undefined => preloadable.find((name) => parameter.startsWith(`${name}.`));

export const foreignLibraries = (parameters: Readonly<Record<string, string>>): string[] => preloadedLibraries(parameters).filter((name) => !preloadable.includes(name));
