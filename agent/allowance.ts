/** What compute lets the guest have. It changes under a running agent: a resize, a larger volume, limits that can be enforced again. */
import type { AgentBoot } from '../kernel/guest-record.ts';
import type { Log } from '../kernel/log.ts';
import { loadBoot } from './boot.ts';

export type Allowance = Pick<AgentBoot, 'flavor' | 'volumeGb' | 'limitsUnenforced'>;
export interface AllowanceKeeper {
  current(): Allowance;
  /** Reads `boot.json` again; nothing else of it is taken by a running agent. */
  reload(): Promise<void>;
  onChange(listener: () => void): void;
}

export function createAllowanceKeeper(boot: AgentBoot, log: Log): AllowanceKeeper {
  const listeners: (() => void)[] = [];
  let allowance = allowanceOf(boot);
  return {
    current: () => allowance,
    async reload() {
      const next = allowanceOf(await loadBoot(boot.paths.root, boot.instanceId));
      if (JSON.stringify(next) === JSON.stringify(allowance)) return;
      log.info({ before: allowance, now: next }, 'the host changed what the instance may have');
      allowance = next;
      for (const listener of listeners) listener();
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

const allowanceOf = ({ flavor, volumeGb, limitsUnenforced }: AgentBoot): Allowance => ({ flavor, volumeGb, limitsUnenforced });
