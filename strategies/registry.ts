/**
 * The plugins of an installation: the built-in ones and npm packages named in the configuration. A plugin that does not
 * fit is disabled with its reason and the rest lives. Light on purpose: every agent loads it.
 */
import { builtIn } from './datastores/built-in.ts';
import { judgeConfigurationClaim } from './configuration-claim.ts';
import { optionalMethods } from './control-answers.ts';
import { manifestProblems } from './manifest-problems.ts';
import type { DatastorePlugin } from './spi/datastore.ts';

/** `origin` is "built-in" or the name of the package. */
export type LoadedPlugin =
  | { state: 'READY'; name: string; origin: string; plugin: DatastorePlugin }
  | { state: 'DISABLED'; name: string; origin: string; problem: string };

/** One place a plugin may come from. `name` is known before loading only for built-in ones. */
export interface PluginSource { name: string | null; origin: string; load(): Promise<unknown> }

export const builtInOrigin = 'built-in';

/** A package that takes longer to load does not load: it must not keep the gateway, or an agent's engine, from starting. */
export const loadTimeoutMs = 10_000;

/** As agents and client processes are told: what of the installation's `COFFER_PLUGINS` is theirs. */
export const namedPackages = (env: Readonly<Record<string, string | undefined>>): string[] => (env['COFFER_PLUGINS'] ?? '').split(',').filter((name) => name !== '');

/** `packages` are names of npm packages (or paths) whose default export is a plugin. */
export function pluginSources(packages: readonly string[]): PluginSource[] {
  const own = Object.entries(builtIn).map(([name, load]): PluginSource => ({ name, origin: builtInOrigin, load }));
  return [...own, ...packages.map((origin): PluginSource => ({ name: null, origin, load: () => import(origin) as Promise<unknown> }))];
}

/** Every plugin, each with its verdict; never throws because of one. */
export async function loadPlugins(packages: readonly string[] = [], load: (source: PluginSource) => Promise<LoadedPlugin> = loadSource): Promise<LoadedPlugin[]> {
  return decideNames(await Promise.all(pluginSources(packages).map((source) => load(source))));
}

/** The one an agent or a client process needs. A built-in one is found without loading any other. */
export async function loadPlugin(name: string, packages: readonly string[] = []): Promise<DatastorePlugin> {
  const sources = pluginSources(packages);
  const own = sources.find((source) => source.name === name);
  const found = own ? [await loadSource(own)] : decideNames(await Promise.all(sources.filter((source) => source.name === null).map((source) => loadSource(source))));
  const match = found.find((loaded) => loaded.name === name);
  if (match?.state === 'READY') return match.plugin;
  throw new Error(match ? `The plugin ${name} is disabled: ${match.problem}` : `There is no datastore plugin ${name}; name its package in the configuration`);
}

/**
 * The packages a process of one datastore is told of: its own, if it is no built-in one, so that no other can keep it from
 * starting or runs in it. Undefined when no plugin has that name.
 */
export function packagesOf(loaded: readonly LoadedPlugin[], name: string): string[] | undefined {
  const own = loaded.find((one) => one.name === name);
  return own && (own.origin === builtInOrigin ? [] : [own.origin]);
}

/** Never throws: whatever a package does while it is loaded and looked at is a reason to disable it. */
export async function loadSource(source: PluginSource, timeoutMs: number = loadTimeoutMs): Promise<LoadedPlugin> {
  try {
    const loading = source.load();
    return judge(source, ((await (source.origin === builtInOrigin ? loading : withinTime(loading, timeoutMs))) as { default?: unknown }).default);
  } catch (error) {
    return { state: 'DISABLED', name: source.name ?? source.origin, origin: source.origin, problem: `It could not be loaded: ${error instanceof Error ? error.message : String(error)}` };
  }
}

async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`it did not load within ${timeoutMs / 1_000} s`)), timeoutMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function judge(source: PluginSource, plugin: unknown): LoadedPlugin {
  const { origin } = source;
  const problems = pluginProblems(plugin);
  const id = (plugin as Partial<DatastorePlugin> | undefined)?.manifest?.id;
  const name = source.name ?? (typeof id === 'string' && id !== '' ? id : origin);
  if (problems.length === 0 && source.name !== null && id !== source.name) problems.push(`manifest.id is ${String(id)}, expected ${source.name}`);
  return problems.length > 0 ? { state: 'DISABLED', name, origin, problem: problems.join('; ') } : withTrueClaim({ state: 'READY', name, origin, plugin: plugin as DatastorePlugin });
}

function withTrueClaim(ready: Extract<LoadedPlugin, { state: 'READY' }>): LoadedPlugin {
  const { name, origin, plugin } = ready;
  const claim = judgeConfigurationClaim(plugin.manifest, plugin.control.parameters !== undefined);
  switch (claim.kind) {
    case 'stands': return ready;
    case 'dropped': return { ...ready, plugin: { manifest: claim.manifest, control: plugin.control, guest: () => plugin.guest(), client: () => plugin.client() } };
    case 'false': return { state: 'DISABLED', name, origin, problem: claim.problem };
  }
}

function pluginProblems(plugin: unknown): string[] {
  if (typeof plugin !== 'object' || plugin === null) return ['The default export is not a plugin: use definePlugin'];
  const { manifest, control, guest, client } = plugin as Record<string, unknown>;
  const methods = (control ?? {}) as Record<string, unknown>;
  const isControl = ['validate', 'size', 'endpoints'].every((method) => typeof methods[method] === 'function');
  return [
    ...manifestProblems(manifest),
    ...(isControl ? [] : ['control must have validate, size and endpoints']),
    ...optionalMethods.filter((method) => methods[method] !== undefined && typeof methods[method] !== 'function').map((method) => `control.${method} must be a function`),
    ...(typeof guest === 'function' ? [] : ['guest must be a function that loads the guest half']),
    ...(typeof client === 'function' ? [] : ['client must be a function that loads the client half']),
  ];
}

/** Two plugins of one name: the first is kept, so that no package can take a built-in one's place. */
export function decideNames(loaded: readonly LoadedPlugin[]): LoadedPlugin[] {
  return loaded.map((one, index) => {
    const first = loaded.findIndex((other) => other.name === one.name);
    return first === index ? one : { state: 'DISABLED', name: one.name, origin: one.origin, problem: `${loaded[first]?.origin} has the name ${one.name} already` };
  });
}
