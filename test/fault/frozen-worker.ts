/**
 * An installation whose gateway only answers, and workers beside it that can be frozen (SIGSTOP) at a named point: what
 * happens to an operation in the middle of a step can then be done at leisure.
 */
import { createFaults, type Faults } from '../support/faults.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { type Installation, type InstallationOptions, startInstallation } from '../support/installation.ts';

export interface FrozenWorkers {
  coffer: Installation;
  faults: Faults;
  workers: GatewayProcess[];
  /** Lets go on whoever was stopped. */
  thaw(): void;
  remove(): Promise<void>;
}

export async function startWithWorkers(count: number, options: InstallationOptions & { roles?: string } = {}): Promise<FrozenWorkers> {
  const faults = await createFaults();
  const coffer = await startInstallation({ ...options, env: { ...faults.env, COFFER_ROLES: 'api,conductor,compute', ...options.env } });
  const workers = await Promise.all(Array.from({ length: count }, () => startGatewayProcess(coffer, { roles: options.roles ?? 'api,worker' })));
  await Promise.all(workers.map((worker) => worker.ready()));
  return {
    coffer, faults, workers,
    thaw() { for (const worker of workers) worker.signal('SIGCONT'); },
    async remove() {
      await Promise.all(workers.map((worker) => worker.end('SIGKILL')));
      try { await coffer.remove(); } finally { await faults.remove(); }
    },
  };
}
