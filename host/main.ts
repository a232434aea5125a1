#!/usr/bin/env node
import { hostname, userInfo } from 'node:os';
import { locatePackages } from '../kernel/plugin-packages.ts';
import { loadSettings, type Settings } from '../kernel/settings.ts';
import { engineFiles } from './engine-files.ts';
import { configurationExitCode, HostProblem } from './problem.ts';
import { reset } from './reset.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';

const help = `Coffer: databases as a service, on your machines.

  start             start the control plane in the foreground; Ctrl-C stops it and leaves databases running
  stop              stop everything on this machine, databases included; start brings them back
  engine            carry engines to a host without network: engine export, engine import
  reset [--yes]     stop everything and remove all data; --engines removes downloaded engines as well

Settings are environment variables (COFFER_HOME, COFFER_PORT, …): see docs/reference/settings.md.
`;

function readSettings(): Settings {
  const loaded = loadSettings(process.env, { uid: process.getuid?.() ?? 0, userHome: userHome(), machineName: hostname() });
  if ('settings' in loaded) return { ...loaded.settings, plugins: locatePackages(loaded.settings.plugins, loaded.settings.home) };
  throw new HostProblem(loaded.problems.map((problem) => problem.message).join('\n'), configurationExitCode);
}

function userHome(): string {
  try {
    return process.env['HOME'] || userInfo().homedir;
  } catch {
    return '/nonexistent'; // a user without a name and without HOME: the folder cannot be made, which is told then
  }
}

async function main(command: string | undefined, flags: readonly string[]): Promise<void> {
  switch (command) {
    case 'start': return start(readSettings(), flags);
    case 'stop': return stop(readSettings());
    case 'reset': return reset(readSettings(), flags);
    case 'engine': return engineFiles(readSettings(), flags);
    case '--help': case '-h': case 'help': process.stdout.write(help); return;
    default: throw new HostProblem(`${command ? `there is no command ${command}` : 'a command is missing'}\n\n${help}`, configurationExitCode);
  }
}

main(process.argv[2], process.argv.slice(3)).then(
  () => process.exit(0),
  (error: unknown) => {
    const text = error instanceof HostProblem ? error.message : `something unexpected happened: ${error instanceof Error ? error.stack : String(error)}`;
    for (const line of text.split('\n')) process.stderr.write(line === '' ? '\n' : `coffer: ${line}\n`);
    process.exit(error instanceof HostProblem ? error.exitCode : 1);
  });
