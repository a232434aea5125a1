/**
 * One installation for a whole matrix of kills: a host with the compute role and a gateway that only answers and
 * listens (it is never killed), and gateways beside it that work and are killed, each replaced at once by a new one on
 * the same ports.
 */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFaults, type Faults } from '../../support/faults.ts';
import { type GatewayProcess, startGatewayProcess } from '../../support/gateway-process.ts';
import { freePorts, type Installation, startInstallation } from '../../support/installation.ts';

export interface World {
  coffer: Installation;
  faults: Faults;
  /** gateways that died so far */
  deaths(): number;
  /** what the gateways that run said */
  said(): string;
  remove(): Promise<void>;
}
const workers = 2;
/** Dead workers are followed soon, or a matrix of hundreds of kills takes an hour. */
const leaseMs = 1_500;

export async function createWorld(): Promise<World> {
  const faults = await createFaults();
  const broken = await brokenEngine();
  const coffer = await startInstallation({
    env: { ...faults.env, COFFER_TEST_LEASE_MS: String(leaseMs), COFFER_ROLES: 'api,conductor,compute', COFFER_ENGINE_PATHS: `redis/7=${broken}`, COFFER_DISK_RESERVE_GB: '0' },
  });
  let stopping = false;
  let deaths = 0;
  const current: (GatewayProcess | undefined)[] = [];
  const keep = async (slot: number, ports: readonly number[]): Promise<void> => {
    while (!stopping) {
      const gateway = await startGatewayProcess(coffer, { ports });
      current[slot] = gateway;
      await gateway.exited;
      deaths += 1;
    }
  };
  const ports = await freePorts(3 * workers);
  const kept = Array.from({ length: workers }, (_, slot) => keep(slot, ports.slice(3 * slot, 3 * slot + 3)));
  // No host is known before a worker has told of it.
  while (current.filter(Boolean).length < workers) await new Promise((resolve) => { setTimeout(resolve, 10); });
  await Promise.all(current.map((gateway) => gateway!.ready()));
  return {
    coffer, faults,
    deaths: () => deaths,
    said: () => current.map((gateway) => gateway?.output() ?? '').join('\n'),
    async remove() {
      stopping = true;
      for (const gateway of current) gateway?.signal('SIGKILL');
      await Promise.all(kept);
      try { await coffer.remove(); } finally { await Promise.all([faults.remove(), rm(broken, { recursive: true, force: true })]); }
    },
  };
}

/** It says what it is, and does nothing else. */
export async function brokenEngine(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'coffer-broken-engine-'));
  await chmod(folder, 0o755);
  for (const name of ['redis-server', 'redis-cli']) {
    await writeFile(join(folder, name), '#!/bin/sh\n[ "$1" = --version ] && { echo "Redis server v=7.0.99 sha=00000000:0"; exit 0; }\necho "this build is broken" >&2\nexit 3\n');
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}
