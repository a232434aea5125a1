import type { ArtefactSpec, EngineSourceSpec } from '../../spi/engine-source.ts';
import type { Manifest } from '../../spi/manifest.ts';
import { lock } from './lock-5.0.9.ts';
import { databaseOptions } from './replication.ts';

/** Below the build's prefix. */
export const libraryFolder = 'usr/share/cassandra/lib';

const jars: ArtefactSpec[] = lock.map(([path, sha256, sizeBytes]) => ({ kind: 'maven', path, sha256, sizeBytes, into: libraryFolder }));

/** Of the Java runtime's: printing, sound, fonts, smart cards and a certificate service, none of which a server loads. */
const desktop = [
  'libasound2', 'libcups2', 'libfontconfig1', 'libfreetype6', 'libharfbuzz0b', 'libjpeg62-turbo', 'liblcms2-2', 'libnss3', 'libnspr4', 'libpcsclite1', 'libglib2.0-0',
] as const;

const source: EngineSourceSpec = {
  kind: 'debian', suite: 'bookworm', packages: ['openjdk-17-jre-headless'], exclude: desktop, artefacts: jars,
  binDir: 'usr/lib/jvm/java-17-openjdk-amd64/bin',
  versionCommand: { binary: 'java', args: ['-XX:TieredStopAtLevel=1', '-cp', `{prefix}/${libraryFolder}/*`, 'org.apache.cassandra.tools.GetVersion'], pattern: String.raw`^(\d+\.\d+\.\d+)` },
};

export const manifest: Manifest = {
  id: 'cassandra',
  title: 'Apache Cassandra',
  description: 'Wide-column store with roles and passwords, CQL over TLS on every connection. One node; keyspaces can grow into a ring later.',
  version: '0.1.0',
  apiVersion: '^1.0',
  maturity: 'TECHNICAL_PREVIEW',
  capabilities: ['CONFIGURATION', 'DATABASES', 'GRANTS', 'RESIZE', 'ROOT', 'TLS', 'UPGRADE', 'USERS'],
  ports: [
    { name: 'cql', purpose: 'client', tls: 'required' },
    { name: 'storage', purpose: 'peer', tls: 'required' },
    // The server binds it to loopback only as long as it speaks plainly; what it says is the agent's, with a login.
    { name: 'jmx', purpose: 'management', tls: 'none' },
  ],
  tracks: [{ name: '5.0', default: true, minMemoryMb: 512, sources: [source] }],
  // It judges the certificate by the CA, not by the host's name; a driver does both.
  connect: {
    command: 'cqlsh',
    install: 'pip install cqlsh==6.2.2 cassandra-driver==3.28.0',
    args: ['--ssl', '--username={user}', '--credentials={file:credentials}', '--keyspace={database}', '{host}', '{port}'],
    environment: { SSL_CERTFILE: '{caFile}', SSL_VALIDATE: 'true' },
    files: { credentials: '[plain_text_auth]\npassword = {password}\n' },
  },
  databaseOptions,
  accounts: 'replicated',
  openSessions: { outliveNewPassword: 'the server looks at a password once, when a connection logs in, and cannot end a single connection; a session loses what its user loses, at once' },
  // A start is ten seconds of one processor: minutes where ten instances start on two.
  timeouts: { initialiseMs: 30_000, startMs: 300_000, stopMs: 120_000, probeMs: 5_000, statementMs: 30_000 },
};
