import { describe, expect, it } from 'vitest';
import { identifier, literal, parseDataResource, resourceClause, unquoted } from '../../../strategies/datastores/cassandra/guest/cql.ts';
import { renderOptions, serverOptions } from '../../../strategies/datastores/cassandra/guest/java-options.ts';
import { renderServerConfig } from '../../../strategies/datastores/cassandra/guest/server-config.ts';
import { sizeServer } from '../../../strategies/datastores/cassandra/sizing.ts';

const folder = (name: string): string => `/var/in st/${name}`;
const context = (bind = '10.0.0.5') => ({
  instanceId: 'inst_1', parameters: {}, sizing: { ...sizeServer({ track: '5.0', flavor: { memoryMb: 512, vcpus: 1 }, volumeGb: 1 }), cluster_name: 'x', authenticator: 'AllowAllAuthenticator' },
  network: { bind, advertise: bind === '0.0.0.0' ? '192.0.2.1' : bind, ports: { cql: 1, storage: 2, jmx: 3 } },
  paths: { data: folder('data'), config: folder('config'), run: folder('run'), logs: folder('logs'), tls: folder('tls'), prefix: folder('build'), bin: folder('bin') },
});
const configOf = (bind?: string) => JSON.parse(renderServerConfig(context(bind), []).replace(/^#.*$/m, '')) as Record<string, unknown>;

describe('the configuration', () => {
  it('puts what Coffer owns over what a size asks for', () => expect(configOf()).toMatchObject({ cluster_name: 'inst_1', authenticator: 'PasswordAuthenticator', concurrent_reads: 8 }));
  it('has every folder of its own inside the data folder', () => {
    const paths = Object.entries(configOf()).filter(([name]) => /director(y|ies)$/.test(name)).flatMap(([, path]) => path as string | string[]);
    expect(paths.length).toBeGreaterThan(4);
    for (const path of paths) expect(path.startsWith('/var/in st/data/')).toBe(true);
  });
  it('never lets peers listen on all addresses', () => {
    expect(configOf('0.0.0.0')).toMatchObject({ listen_address: '127.0.0.1', rpc_address: '0.0.0.0', broadcast_rpc_address: '192.0.2.1' });
    expect(configOf()).toMatchObject({ listen_address: '10.0.0.5', rpc_address: '10.0.0.5' });
  });
  it('names no file with a secret that lies outside the data', () => {
    const { client_encryption_options: clients, server_encryption_options: peers } = configOf() as Record<string, Record<string, string>>;
    const jmx = serverOptions(context()).filter((option) => option.includes('jmxremote') && option.includes('.file=')).map((option) => option.slice(option.indexOf('=') + 1));
    expect(jmx).toHaveLength(2);
    for (const path of [clients!['keystore'], peers!['keystore'], peers!['truststore'], ...jmx]) expect(path).toMatch(/^\/var\/in st\/data\//);
  });
  it('leaves the parameters of the Java machine to the Java machine', () => expect(Object.keys(configOf()).filter((name) => name.startsWith('jvm'))).toEqual([]));
  it('keeps blanks and quotes of a path in its options', () => {
    expect(renderOptions(['-Da=b c', 'x"y\\z'])).toBe('"-Da=b c"\n"x\\"y\\\\z"\n');
    expect(serverOptions(context())).toContain('-Xmx192m');
  });
});

describe('text in statements', () => {
  it('ends where it should', () => expect([identifier('a"b'), literal(`a'b"c`)]).toEqual(['"a""b"', `'a''b"c'`]));
  it('is read without its quotes, which the server puts where it has to', () => expect(['shop', '"Shop"', '"select"', '"a""b"'].map(unquoted)).toEqual(['shop', 'Shop', 'select', 'a"b']));
  it.each([['data/shop', 'KEYSPACE "shop"'], ['data/shop/Goods', 'TABLE "shop"."Goods"'], ['data/shop/*', 'ALL TABLES IN KEYSPACE "shop"']])('%s is %s', (resource, clause) => expect(resourceClause(parseDataResource(resource)!)).toBe(clause));
  it.each(['data', 'roles/x', 'functions/shop', 'mbean', 'data/a/b/c'])('%s is no data', (resource) => expect(parseDataResource(resource)).toBeNull());
});
