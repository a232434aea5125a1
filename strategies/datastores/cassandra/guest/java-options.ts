/**
 * Options of the Java machine, in a file of one option a line, so that none shows in a list of processes.
 * https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html#java-command-line-argument-files
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configFiles, dataFolders, jmxPort, libraries, secretFiles } from './places.ts';
import type { ConfigContext } from './server-config.ts';

/** Parts of the runtime that the server and its tools reach into; without all of them neither starts. */
const exports = [
  'java.base/jdk.internal.misc', 'java.base/jdk.internal.ref', 'java.base/sun.nio.ch', 'java.management/com.sun.jmx.remote.security', 'java.management.rmi/com.sun.jmx.remote.internal.rmi', 'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server', 'java.rmi/sun.rmi.transport', 'java.rmi/sun.rmi.transport.tcp', 'java.sql/java.sql',
] as const;
const opens = [
  'java.base/java.lang.module', 'java.base/jdk.internal.loader', 'java.base/jdk.internal.ref', 'java.base/jdk.internal.reflect', 'java.base/jdk.internal.math', 'java.base/jdk.internal.module',
  'java.base/jdk.internal.util.jar', 'jdk.management/com.sun.management.internal', 'java.base/sun.nio.ch', 'java.base/java.io', 'java.base/java.lang', 'java.base/java.lang.reflect', 'java.base/java.util',
  'java.base/java.util.concurrent', 'java.base/java.util.concurrent.atomic', 'java.base/java.nio', 'java.rmi/sun.rmi.transport.tcp',
] as const;
export const access = [...exports.map((name) => `--add-exports=${name}=ALL-UNNAMED`), ...opens.map((name) => `--add-opens=${name}=ALL-UNNAMED`)];

/** The setup that makes the well-known superuser where no role exists is put off for longer than anything runs: 3000 years. */
const neverMs = 100_000_000_000_000;

export function serverOptions(ctx: ConfigContext): string[] {
  const [files, secrets] = [configFiles(ctx), secretFiles(ctx)];
  const { scratch } = dataFolders(ctx.paths.data);
  const { sizing } = ctx;
  const properties: Record<string, string> = {
    'cassandra.storagedir': ctx.paths.data, 'cassandra.config': pathToFileURL(files.server).href, 'cassandra-rackdc.properties': pathToFileURL(files.rack).href, 'logback.configurationFile': pathToFileURL(files.log).href,
    'cassandra.superuser_setup_delay_ms': String(neverMs),
    // A password may be changed again at once: whoever repeats a change that was cut off must be let.
    'cassandra.role_password_update_min_interval_in_ms': '0',
    // There is nobody to wait for.
    'cassandra.skip_wait_for_gossip_to_settle': '0', 'cassandra.ring_delay_ms': '100', 'cassandra.allow_unsafe_join': 'false',
    'java.net.preferIPv4Stack': String(!ctx.network.bind.includes(':')), 'java.io.tmpdir': scratch, 'jna.tmpdir': scratch, 'user.home': scratch, 'java.awt.headless': 'true', 'file.encoding': 'UTF-8',
    'jdk.attach.allowAttachSelf': 'true',
    // The server binds this one to loopback by itself; the second names the port of the objects behind it, else a random one.
    'cassandra.jmx.local.port': String(jmxPort(ctx)), 'com.sun.management.jmxremote.rmi.port': String(jmxPort(ctx)),
    'com.sun.management.jmxremote.authenticate': 'true', 'com.sun.management.jmxremote.password.file': secrets.jmxPassword, 'com.sun.management.jmxremote.access.file': secrets.jmxAccess,
  };
  return [
    ...access, ...Object.entries(properties).map(([name, value]) => `-D${name}=${value}`),
    `-Xms${sizing['jvm.heap_mb']}m`, `-Xmx${sizing['jvm.heap_mb']}m`, '-Xss512k', `-XX:MaxDirectMemorySize=${sizing['jvm.direct_mb']}m`,
    ...(sizing['jvm.collector'] === 'G1' ? ['-XX:+UseG1GC', '-XX:MaxGCPauseMillis=300'] : ['-XX:+UseSerialGC']),
    ...(sizing['jvm.compiler'] === 'fast' ? ['-XX:TieredStopAtLevel=1'] : []),
    '-XX:+ExitOnOutOfMemoryError', '-XX:-UsePerfData', '-XX:-HeapDumpOnOutOfMemoryError', `-XX:ErrorFile=${join(ctx.paths.logs, 'java-crash.log')}`,
    '-cp', libraries(ctx),
  ];
}

/** A tool's process is short and small. */
export function toolOptions(ctx: ConfigContext): string[] {
  const { scratch } = dataFolders(ctx.paths.data);
  return [
    ...access, `-Dcassandra.storagedir=${scratch}`, `-Dcassandra.config=${pathToFileURL(configFiles(ctx).server).href}`, `-Dlogback.configurationFile=${pathToFileURL(configFiles(ctx).log).href}`,
    `-Djava.io.tmpdir=${scratch}`, `-Djna.tmpdir=${scratch}`, `-Duser.home=${scratch}`, '-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData', '-cp', libraries(ctx),
  ];
}

export const renderOptions = (options: readonly string[]): string => options.map((option) => `"${option.replaceAll('\\', '\\\\').replaceAll('"', String.raw`\"`)}"\n`).join('');
