import { type GuestContext, GuestFault } from '../../../spi/guest.ts';

/** The server as a program that ends by itself. Statements go through its input, or a file of the engine's alone. */
export async function runServer(ctx: GuestContext, command: string, args: readonly string[], options: { env: Record<string, string>; cwd: string; stdin?: string }): Promise<void> {
  const timeoutMs = Math.max(1_000, ctx.deadline.getTime() - Date.now());
  const result = await ctx.engine.run({ command, args, timeoutMs, ...options });
  if (result.exitCode === 0) return;
  const lines = `${result.stderr}\n${result.stdout}`.split('\n').filter((line) => /ERROR/i.test(line));
  throw new GuestFault('FAILED', `${command.split('/').at(-1) ?? ''} ended with code ${result.exitCode}: ${lines.slice(-3).join('; ').slice(0, 600)}`);
}
