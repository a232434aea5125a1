/**
 * The server's configuration file: sizing, a group's and owned values as one YAML document (in its JSON form). Pure. No command
 * writes it from inside, and parameters that could be changed at run time need a right that no tenant has.
 * https://www.mongodb.com/docs/manual/reference/configuration-options/
 */
import type { GuestContext } from '../../../spi/guest.ts';
import { replicaSetName } from '../names.ts';
import { slowSampleRate, slowThreshold } from '../options.ts';

export type ServerContext = Pick<GuestContext, 'paths' | 'tls' | 'network' | 'sizing' | 'parameters'>;

export const portOf = ({ network }: Pick<ServerContext, 'network'>): number => network.ports['mongodb'] ?? 27017;
export const files = ({ paths }: Pick<ServerContext, 'paths'>) => ({
  server: `${paths.config}/mongod.conf`,
  /** certificate and key in one, as the server wants them */
  certificate: `${paths.data}/server.pem`,
  memberKey: `${paths.data}/member.key`,
  socket: `${paths.run}/mongod.sock`,
  /** names of what the running server was told live since its start */
  told: `${paths.run}/told.json`,
});
/** Where an earlier release had what is secret, and where a server that it started still looks. */
export const formerFiles = ({ paths }: Pick<ServerContext, 'paths'>) => ({ certificate: `${paths.config}/server.pem`, memberKey: `${paths.config}/member.key` });

/** Compression by zlib is left out: in the versions that can be had it discloses memory to who has not even logged in. */
const compressors = 'snappy,zstd';

/**
 * What is slow is logged, but nothing of the database of accounts: verifiers of passwords are written there, and even
 * `updateUser`, which masks what it is given, does not mask the write it does. Whoever is `dbAdmin` anywhere may set the
 * server's threshold to none; a filter stands above it, and each database has its own.
 * https://www.mongodb.com/docs/manual/reference/command/profile/
 */
const slowMs = 100;
function toldOperations(group: Readonly<Record<string, string>> = {}): string {
  const [threshold, rate] = [Number(group[slowThreshold] ?? slowMs), Number(group[slowSampleRate] ?? 1)];
  return JSON.stringify({ millis: { $gte: threshold }, ns: { $not: { $regex: '^admin\\.' } }, ...(rate < 1 ? { $sampleRate: rate } : {}) });
}

export type Settings = Record<string, string | number | boolean | readonly string[]>;

/**
 * No recorder of diagnostic data, which takes up to 200 MB of the volume. Telemetry is off as long as nobody turns it on, which
 * needs a right that nobody has; its option is not given, since later builds of 6.0 have none and end at it.
 */
const quiet: Settings = { 'setParameter.diagnosticDataCollectionEnabled': false, 'systemLog.quiet': true };

const closed: Settings = {
  'security.authorization': 'enabled', 'security.javascriptEnabled': false,
  'setParameter.enableLocalhostAuthBypass': false, 'setParameter.authenticationMechanisms': 'SCRAM-SHA-256',
};

export function ownedSettings(ctx: ServerContext): Settings {
  const { certificate, memberKey, socket } = files(ctx);
  return {
    ...quiet, ...closed, 'operationProfiling.filter': toldOperations(ctx.parameters),
    'storage.dbPath': ctx.paths.data,
    'replication.replSetName': replicaSetName,
    'security.keyFile': memberKey,
    'net.port': portOf(ctx), 'net.bindIp': `${ctx.network.bind},${socket}`, 'net.ipv6': ctx.network.bind.includes(':'),
    // the server's own socket would lie in /tmp, and be named by the port
    'net.unixDomainSocket.enabled': false, 'net.unixDomainSocket.filePermissions': 0o700,
    // who comes over the socket is management: it gets in however many others are there
    'net.maxIncomingConnectionsOverride': [socket],
    'net.compression.compressors': compressors,
    'net.tls.mode': 'requireTLS', 'net.tls.certificateKeyFile': certificate, 'net.tls.CAFile': ctx.tls.ca,
    'net.tls.allowConnectionsWithoutCertificates': true, 'net.tls.disabledProtocols': 'TLS1_0,TLS1_1',
    // the certificate is a server's: as a member among members the key file proves it
    'setParameter.tlsWithholdClientCertificate': true, 'setParameter.suppressNoTLSPeerCertificateWarning': true,
    // nobody takes over from a single member, so clients gain nothing by its waiting for them
    'setParameter.shutdownTimeoutMillisForSignaledShutdown': 100,
  };
}

/** Before the first account exists: alone, over the socket file, with no network. */
export function firstStartSettings(ctx: ServerContext, { dataFolder, socket }: { dataFolder: string; socket: string }): Settings {
  const journal = Object.fromEntries(Object.entries(ctx.sizing).filter(([name]) => name.startsWith('storage.')));
  return {
    ...quiet, ...numbered(journal), 'operationProfiling.filter': toldOperations(),
    'storage.dbPath': dataFolder, 'net.port': portOf(ctx), 'net.bindIp': socket,
    'net.unixDomainSocket.enabled': false, 'net.unixDomainSocket.filePermissions': 0o700, 'security.javascriptEnabled': false,
  };
}

/** As a person has it who set nothing up but where it stands. */
export function bareStartSettings(ctx: Pick<ServerContext, 'network'>, { dataFolder, socket }: { dataFolder: string; socket: string }): Settings {
  return { 'storage.dbPath': dataFolder, 'net.port': portOf(ctx), 'net.bindIp': socket, 'net.unixDomainSocket.enabled': false };
}

const nowhere = ({ paths }: Pick<ServerContext, 'paths'>): Settings => ({ 'storage.dbPath': `${paths.run}/nowhere` });
/** A group's values alone, over data that are nowhere. */
export const trialSettings = (group: Readonly<Record<string, string>>, ctx: Pick<ServerContext, 'paths'>): Settings => ({ ...numbered(group), ...nowhere(ctx) });
/** All that a server is started with, over data that are nowhere. */
export const wholeTrialSettings = (ctx: ServerContext): Settings => ({ ...serverSettings(ctx), ...nowhere(ctx) });

/** What comes later wins. */
export const serverSettings = (ctx: ServerContext): Settings => ({ ...numbered(ctx.sizing), ...numbered(ctx.parameters), ...ownedSettings(ctx) });

/** A text that is exactly how a number or a truth value is written is one. */
const numbered = (values: Readonly<Record<string, string>>): Settings => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, scalarOf(value)]));
function scalarOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d/.test(text) && String(Number(text)) === text ? Number(text) : text;
}

export interface Tree { [name: string]: Tree | Settings[string] }

/** What a document has under a dotted name. */
export const valueAt = (tree: Tree, name: string): Tree[string] | undefined => name.split('.').reduce<Tree[string] | undefined>((branch, part) => (branch as Tree | undefined)?.[part], tree);

export function renderConfig(settings: Settings): string {
  const tree: Tree = {};
  for (const [path, value] of Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const names = path.split('.');
    const last = names.pop()!;
    let branch = tree;
    for (const name of names) branch = (branch[name] ??= {}) as Tree;
    branch[last] = value;
  }
  return `${JSON.stringify(tree, null, 2)}\n`;
}
