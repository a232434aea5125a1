/** Attributes over the management port, all of them by one process. The server's own tool takes one a process, and has few. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { writeOwned } from './files.ts';
import { java, jmxPort, secretFiles } from './places.ts';

/** `StorageService`, `StorageProxy`, … */
export interface Attribute { bean: string; name: string; value: string }

const domain = 'org.apache.cassandra.db';
/** The runtime compiles what it is given as source. Bean, attribute and value by turns, in the type that the server says. */
const program = `
import java.nio.file.*;
import java.util.*;
import javax.management.*;
import javax.management.remote.*;
public class SetAttributes {
  public static void main(String[] args) throws Exception {
    String[] login = Files.readString(Path.of(args[1])).trim().split(" ", 2);
    JMXServiceURL url = new JMXServiceURL("service:jmx:rmi:///jndi/rmi://127.0.0.1:" + args[0] + "/jmxrmi");
    try (JMXConnector connector = JMXConnectorFactory.connect(url, Map.of(JMXConnector.CREDENTIALS, login))) {
      MBeanServerConnection server = connector.getMBeanServerConnection();
      for (int i = 2; i < args.length; i += 3) {
        ObjectName bean = new ObjectName("${domain}:type=" + args[i]);
        String name = args[i + 1], text = args[i + 2], type = null;
        for (MBeanAttributeInfo one : server.getMBeanInfo(bean).getAttributes()) if (one.getName().equals(name)) type = one.getType();
        Object value = "boolean".equals(type) ? (Object) Boolean.valueOf(text) : "int".equals(type) ? (Object) Integer.valueOf(text) : "long".equals(type) || "java.lang.Long".equals(type) ? (Object) Long.valueOf(text) : text;
        try {
          server.setAttribute(bean, new javax.management.Attribute(name, value));
        } catch (RuntimeMBeanException | MBeanException | NumberFormatException refusal) {
          System.out.println("refused " + name + " " + (refusal.getCause() == null ? refusal : refusal.getCause()).getMessage());
          System.exit(3);
        }
      }
    }
  }
}
`;
/** A process that is short and small. */
const options = ['-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:-UsePerfData'];

/** Which attribute the server does not take, and why; null: all are set. Those before it are set then. */
export async function setAttributes(ctx: GuestContext, attributes: readonly Attribute[]): Promise<{ name: string; reason: string } | null> {
  const file = join(ctx.paths.run, 'SetAttributes.java');
  await writeOwned(ctx, file, program);
  try {
    const result = await ctx.engine.run({
      command: java(ctx), args: [...options, file, String(jmxPort(ctx)), secretFiles(ctx).jmxPassword, ...attributes.flatMap(({ bean, name, value }) => [bean, name, value])],
      env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' }, timeoutMs: Math.max(1_000, ctx.deadline.getTime() - Date.now()),
    });
    if (result.exitCode === 0) return null;
    const [, name, reason] = /^refused (\S+) (.*)$/m.exec(result.stdout) ?? [];
    if (name !== undefined) return { name, reason: reason!.slice(0, 400) };
    throw new GuestFault('RETRYABLE', `the server could not be told its values: ${result.stderr.trim().split('\n').slice(0, 2).join('; ').slice(0, 400)}`);
  } finally {
    await rm(file, { force: true });
  }
}
