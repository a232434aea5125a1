/** Where everything of an instance lies, and how the agent reaches it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { GuestContext } from '../../../spi/guest.ts';
import { libraryFolder } from '../manifest.ts';

export type PlaceContext = Pick<GuestContext, 'paths' | 'network'>;

export const cqlPort = ({ network }: Pick<PlaceContext, 'network'>): number => network.ports['cql'] ?? 9042;
export const storagePort = ({ network }: Pick<PlaceContext, 'network'>): number => network.ports['storage'] ?? 7000;
export const jmxPort = ({ network }: Pick<PlaceContext, 'network'>): number => network.ports['jmx'] ?? 7199;
const isWildcard = (address: string): boolean => ['0.0.0.0', '::', '*'].includes(address);
/** One address and never all of them: where the agent finds the server, and where its peers would; a single node has none. */
export const listenAddress = (bind: string): string => (isWildcard(bind) ? '127.0.0.1' : bind);
export const advertised = ({ network }: Pick<PlaceContext, 'network'>): string => (isWildcard(network.advertise) ? '127.0.0.1' : network.advertise);
export const isWildcardBind = ({ network }: Pick<PlaceContext, 'network'>): boolean => isWildcard(network.bind);

export const configFiles = ({ paths }: Pick<PlaceContext, 'paths'>) => ({
  server: join(paths.config, 'cassandra.yaml'),
  java: join(paths.config, 'jvm.options'),
  tool: join(paths.config, 'tool.options'),
  rack: join(paths.config, 'cassandra-rackdc.properties'),
  log: join(paths.config, 'logback.xml'),
});
const secretsIn = (folder: string) => ({
  // The engine reads key and certificate from one file each; these are made from the agent's.
  client: join(folder, 'client.pem'), peer: join(folder, 'peer.pem'), peerTrust: join(folder, 'peer-trust.pem'),
  /** without its key: what the engine may still show while it is told to show another */
  clientBefore: join(folder, 'client-before.pem'),
  jmxPassword: join(folder, 'jmx.password'), jmxAccess: join(folder, 'jmx.access'),
});
/** They lay beside the configuration once; an engine that was started then goes by them to its end. */
export const earlierSecretFiles = ({ paths }: Pick<PlaceContext, 'paths'>) => secretsIn(paths.config);
export const secretFiles = ({ paths }: Pick<PlaceContext, 'paths'>) => secretsIn(existsSync(secretsIn(paths.config).client) ? paths.config : paths.data);
/** There while clients are kept out for a moment. */
export const portClosedFile = ({ paths }: Pick<PlaceContext, 'paths'>): string => join(paths.config, 'port-closed');
/** What the running engine was started with: told apart from what the files say by now. */
export const startedFile = ({ paths }: Pick<PlaceContext, 'paths'>): string => join(paths.run, 'started.json');
/** Names of what it was told live since. */
export const toldFile = ({ paths }: Pick<PlaceContext, 'paths'>): string => join(paths.run, 'told.json');
export const earlierStartedFile = ({ paths }: Pick<PlaceContext, 'paths'>): string => join(paths.config, 'started.json');

export const dataFolders = (data: string) => ({
  tables: join(data, 'tables'), commitLog: join(data, 'commitlog'), caches: join(data, 'saved_caches'), hints: join(data, 'hints'), changes: join(data, 'cdc_raw'), scratch: join(data, 'tmp'),
});
/** Written last: data without it is not whole. */
export const markerFile = (data: string): string => join(data, 'initialised');
export const rolesFolder = (data: string): string => join(dataFolders(data).tables, 'system_auth', 'roles-5bc52802de2535edaeab188eecebb090');

export const libraries = ({ paths }: Pick<PlaceContext, 'paths'>): string => join(paths.prefix, libraryFolder, '*');
export const java = ({ paths }: Pick<PlaceContext, 'paths'>): string => join(paths.bin, 'java');
