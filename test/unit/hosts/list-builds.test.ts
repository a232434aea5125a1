import { describe, expect, it } from 'vitest';
import { createHosts } from '../../../gateway/hosts/hosts.ts';
import { silentLog } from '../../../kernel/log.ts';

const hostsOf = (listBuilds: () => Promise<never[]>) => createHosts({ store: {} as never, strategy: { listBuilds } as never, log: silentLog });

describe('the builds of a host', () => {
  it('are asked for once by all who ask at the same time, and again by whoever comes later', async () => {
    let asked = 0;
    const hosts = hostsOf(async () => { asked++; return []; });
    await Promise.all([hosts.listBuilds(), hosts.listBuilds(), hosts.listBuilds()]);
    expect(asked).toBe(1);
    await hosts.listBuilds();
    expect(asked).toBe(2);
  });
  it('are unknown while it does not answer, and asked for again', async () => {
    const answers = [Promise.reject(new Error('no')), Promise.resolve([])];
    const hosts = hostsOf(() => answers.shift()!);
    expect(await hosts.listBuilds()).toBeNull();
    expect(await hosts.listBuilds()).toEqual([]);
  });
});
