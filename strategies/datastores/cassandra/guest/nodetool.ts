/** The server's own tool over the management port. A process of a second: for what CQL has no words for, and never for looking. */
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { managementRole } from '../names.ts';
import { configFiles, java, jmxPort, secretFiles } from './places.ts';

export type ToolContext = Pick<GuestContext, 'paths' | 'network' | 'engine' | 'deadline'>;

export async function runNodetool(ctx: ToolContext, command: readonly string[]): Promise<string> {
  const result = await ctx.engine.run({
    command: java(ctx), args: [`@${configFiles(ctx).tool}`, 'org.apache.cassandra.tools.NodeTool', '--host', '127.0.0.1', '--port', String(jmxPort(ctx)), '--username', managementRole, '--password-file', secretFiles(ctx).jmxPassword, ...command],
    env: { LC_ALL: 'C.UTF-8', TZ: 'UTC' }, timeoutMs: Math.max(1_000, ctx.deadline.getTime() - Date.now()),
  });
  if (result.exitCode === 0) return result.stdout;
  throw new GuestFault('RETRYABLE', `nodetool ${command[0] ?? ''} ended with code ${result.exitCode}: ${result.stderr.trim().split('\n').slice(-3).join('; ').slice(0, 400)}`);
}
