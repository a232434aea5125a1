/**
 * The server's configuration file: sizing and owned values as one YAML document (in its JSON form). Pure. No command
 * writes it from inside, and parameters that could be changed at run time need a right that no tenant has.
 * https://www.mongodb.com/docs/manual/reference/configuration-options/
 */
import type { GuestContext } from '../../../spi/guest.ts';
import { replicaSetName } from '../names.ts';

export type ServerContext = Pick<GuestContext, 'paths' | 'tls' | 'network' | 'sizing'>;

export const portOf = ({ network }: Pick<ServerContext, 'network'>): number => network.ports['mongodb'] ?? 27017;
export const files = ({ paths }: Pick<ServerContext, 'paths'>) => ({
  server: `${paths.config}/mongod.conf`,
  /** certificate and key in one, as the server wants them */
  certificate: `${paths.data}/server.pem`,
  memberKey: `${paths.data}/member.key`,
  socket: `${paths.run}/mongod.sock`,
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
const toldOperations = JSON.stringify({ millis: { $gte: slowMs }, ns: { $not: { $regex: '^admin\\.' } } });

type Settings = Record<string, string | number | boolean | readonly string[]>;

/** Neither telemetry nor a recorder of diagnostic data, which takes up to 200 MB of the volume. */
const quiet: Settings = { 'cloud.monitoring.free.state': 'off', 'setParameter.diagnosticDataCollectionEnabled': false, 'systemLog.quiet': true, 'operationProfiling.filter': toldOperations };

const closed: Settings = {
  'security.authorization': 'enabled', 'security.javascriptEnabled': false,
  'setParameter.enableLocalhostAuthBypass': false, 'setParameter.authenticationMechanisms': 'SCRAM-SHA-256',
};

export function ownedSettings(ctx: ServerContext): Settings {
  const { certificate, memberKey, socket } = files(ctx);
  return {
    ...quiet, ...closed,
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
    ...quiet, ...numbered(journal),
    'storage.dbPath': dataFolder, 'net.port': portOf(ctx), 'net.bindIp': socket,
    'net.unixDomainSocket.enabled': false, 'net.unixDomainSocket.filePermissions': 0o700, 'security.javascriptEnabled': false,
  };
}

export const serverSettings = (ctx: ServerContext): Settings => ({ ...numbered(ctx.sizing), ...ownedSettings(ctx) });

const numbered = (values: Readonly<Record<string, string>>): Settings =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, /^\d+(\.\d+)?$/.test(value) ? Number(value) : value]));

interface Tree { [name: string]: Tree | Settings[string] }

export function renderConfig(settings: Settings): string {
  const tree: Tree = {};
  for (const [path, value] of Object.entries(settings)) {
    const names = path.split('.');
    const last = names.pop()!;
    let branch = tree;
    for (const name of names) branch = (branch[name] ??= {}) as Tree;
    branch[last] = value;
  }
  return `${JSON.stringify(tree, null, 2)}\n`;
}
