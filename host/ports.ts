import { readFile, readdir, readlink } from 'node:fs/promises';
import type { Settings } from '../kernel/settings.ts';
import { tryListen } from '../kernel/try-listen.ts';
import { allPids, statOf } from '../compute/processes/proc.ts';
import { HostProblem } from './problem.ts';

/** Looks before anything is started: a port that is taken is told with the setting that moves it. */
export async function requireFreePorts(settings: Settings): Promise<void> {
  const wanted: [string, string, number][] = [];
  if (settings.roles.includes('api')) wanted.push(['COFFER_PORT', settings.host, settings.port]);
  if (settings.roles.includes('conductor')) {
    wanted.push(['COFFER_CONDUCTOR_PORT', settings.conductorHost, settings.conductorPort], ['COFFER_ENROL_PORT', settings.conductorHost, settings.enrolPort]);
  }
  for (const [variable, host, port] of wanted) {
    const code = await tryListen(host, port);
    if (code === null) continue;
    if (code === 'EADDRINUSE') throw new HostProblem(`port ${port} is in use${await holderText(port)}: stop that, or choose another with ${variable}`);
    if (code === 'EACCES') throw new HostProblem(`${variable}=${port}: this user may not listen on that port; choose one above 1023`);
    throw new HostProblem(`${host}:${port} cannot be listened on (${code}); see ${variable === 'COFFER_PORT' ? 'COFFER_HOST' : 'COFFER_CONDUCTOR_HOST'}`);
  }
}

/** " by node (pid 123)"; empty when the kernel does not tell us (somebody else's process). */
async function holderText(port: number): Promise<string> {
  const sockets = new Set<string>();
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const listening = '0A';
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of (await readFile(table, 'utf8').catch(() => '')).split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hexPort}`) && fields[3] === listening && fields[9]) sockets.add(`socket:[${fields[9]}]`);
    }
  }
  for (const pid of allPids()) {
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      if (sockets.has(await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => ''))) return ` by ${statOf(pid)?.name ?? 'a process'} (pid ${pid})`;
    }
  }
  return '';
}
