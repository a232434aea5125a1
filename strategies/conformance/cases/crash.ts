/**
 * Each method again after the process that ran it was killed in its middle: at every use of its grip on the engine, and
 * at moments spread over the time the method takes. The engine goes on; the repeat carries the same operation id.
 */
import { describe, expect, it } from 'vitest';
import type { ConformanceFixture, Login } from '../fixture.ts';
import type { GuestArgs, GuestHarness, GuestMethod, KillPoint } from '../harness.ts';
import { freshName, refusalOf, settled, useSession } from './session.ts';

const points = {
  all: { fractions: [0.2, 0.5, 0.8], handleCalls: 8 },
  few: { fractions: [0.5], handleCalls: 1 },
} as const;

interface Story<M extends GuestMethod> {
  method: M;
  /** a fresh start for each point */
  prepare(): Promise<{ args: GuestArgs<M>; check(): Promise<void> }>;
}

export function crashCases(fixture: ConformanceFixture): void {
  const { manifest } = fixture.plugin;
  const has = (capability: (typeof manifest.capabilities)[number]): boolean => manifest.capabilities.includes(capability);
  const { samples } = fixture;
  const { fractions, handleCalls } = points[fixture.killPoints ?? 'all'];

  describe('after its process was killed in the middle', () => {
    it('initialise starts over and ends with an engine that starts', async () => {
      const tookMs = await initialiseOnce(fixture);
      const harness = await fixture.createHarness();
      try {
        const moments: KillPoint[] = [{ atHandleCall: 1 }, { atHandleCall: 2 }, ...fractions.map((fraction) => ({ afterMs: tookMs * fraction }))];
        for (const point of moments) {
          const { finished } = await harness.callAndKill('initialise', [], point);
          if (finished) break;
        }
        await harness.call('initialise', []);
        await harness.call('configure', []);
        await harness.call('start', []);
        expect(await harness.call('probe', [])).toMatchObject({ state: 'ok' });
      } finally {
        await harness.dispose();
      }
    });

    describe('', () => {
      const session = useSession(fixture, { prepared: true });
      const call: typeof session.harness.call = (...args) => session.harness.call(...args);
      const works = async (login: Login): Promise<void> => session.client.write(login, freshName('works'), 'x');
      const isRefused = async (login: Login): Promise<void> => expect(await refusalOf(session.client.read(login, 'anything'))).not.toBeNull();
      const isUp = async (): Promise<void> => expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });

      const tell = <M extends GuestMethod>(title: string, isPossible: boolean, story: Story<M>): void => {
        it.runIf(isPossible)(title, async () => {
          // Whatever an earlier story that failed left behind.
          await call('start', []);
          const measured = await story.prepare();
          const since = performance.now();
          await call(story.method, measured.args);
          const tookMs = performance.now() - since;
          const uses = Math.min(session.harness.handleCalls(), handleCalls);
          await measured.check();
          const moments: KillPoint[] = [...Array.from({ length: uses }, (_, i) => ({ atHandleCall: i + 1 })), ...fractions.map((f) => ({ afterMs: tookMs * f }))];
          for (const [index, point] of moments.entries()) {
            const { args, check } = await story.prepare();
            const operationId = `op_crash_${story.method}_${index}`;
            await session.harness.callAndKill(story.method, args, point, { operationId });
            await settled(call(story.method, args, { operationId }));
            await check().catch((error: unknown) => { throw new Error(`killed at ${JSON.stringify(point)}: ${String(error)}`, { cause: error }); });
          }
        });
      };

      tell('configure ends with a sound engine', true, { method: 'configure', prepare: async () => ({ args: [], check: isUp }) });
      tell('stop ends with a stopped engine', true, {
        method: 'stop',
        prepare: async () => {
          await call('start', []);
          return { args: ['orderly'], check: async () => expect(await session.harness.enginePids()).toEqual([]) };
        },
      });
      tell('start ends with one running engine', true, {
        method: 'start',
        prepare: async () => {
          await call('stop', ['orderly']);
          return { args: [], check: isUp };
        },
      });
      tell('repair ends with a sound engine', true, { method: 'repair', prepare: async () => ({ args: [], check: isUp }) });
      tell('certificate rotation ends with a sound engine', has('TLS'), {
        method: 'tls.rotate',
        prepare: async () => {
          await session.harness.issueCertificate();
          return { args: [], check: isUp };
        },
      });
      tell('making a database ends with one that users can use', has('DATABASES'), {
        method: 'databases.create',
        prepare: async () => {
          const name = freshName('crash');
          return { args: [{ name }], check: async () => works({ ...(await session.user(freshName('visitor'), [samples.usual(name)])), database: name }) };
        },
      });
      tell('deleting a database ends without it', has('DATABASES'), {
        method: 'databases.delete',
        prepare: async () => {
          const name = freshName('crash');
          await call('databases.create', [{ name }]);
          return { args: [name], check: async () => expect((await call('databases.list', [])).map((one) => one.name)).not.toContain(name) };
        },
      });
      tell('making a user ends with one that works', has('USERS'), {
        method: 'users.create',
        prepare: async () => {
          const [name, password] = [freshName('crash'), session.password()];
          return { args: [{ name, password, grants: [samples.usual(session.database)] }], check: () => works({ user: name, password, database: session.database }) };
        },
      });
      tell('changing name and password of a user ends with both changed', has('USERS'), {
        method: 'users.update',
        prepare: async () => {
          const login = await session.user(freshName('crash'));
          const [name, password] = [freshName('crash'), session.password()];
          return {
            args: [{ name: login.user }, { name, password }],
            check: async () => {
              await works({ ...login, user: name, password });
              await isRefused(login);
            },
          };
        },
      });
      tell('deleting a user ends without it, its work kept', has('USERS'), {
        method: 'users.delete',
        prepare: async () => {
          const [login, word] = [await session.user(freshName('crash')), freshName('work')];
          await session.client.write(login, word, 'kept');
          return {
            args: [{ name: login.user }],
            check: async () => {
              await isRefused(login);
              expect((await call('users.list', [])).map((user) => user.name)).not.toContain(login.user);
              expect(await session.client.read(await session.user(freshName('heir')), word)).toBe('kept');
            },
          };
        },
      });
      tell('a grant ends given', has('GRANTS'), {
        method: 'grants.grant',
        prepare: async () => {
          const login = await session.user(freshName('crash'), []);
          return { args: [{ name: login.user }, [samples.usual(session.database)]], check: () => works(login) };
        },
      });
      tell('a revocation ends taken', has('GRANTS'), {
        method: 'grants.revoke',
        prepare: async () => {
          const login = await session.user(freshName('crash'));
          return { args: [{ name: login.user }, [session.database]], check: () => isRefused(login) };
        },
      });
      tell('enabling root ends with a root that works', has('ROOT'), {
        method: 'root.enable',
        prepare: async () => {
          const password = session.password();
          return { args: [password], check: () => works({ user: fixture.plugin.control.rootName, password, database: session.database }) };
        },
      });
      tell('disabling root ends without root', has('ROOT'), {
        method: 'root.disable',
        prepare: async () => {
          const password = session.password();
          await call('root.enable', [password]);
          return { args: [], check: () => isRefused({ user: fixture.plugin.control.rootName, password, database: session.database }) };
        },
      });
    });
  });
}

async function initialiseOnce(fixture: ConformanceFixture): Promise<number> {
  const harness: GuestHarness = await fixture.createHarness();
  try {
    const since = performance.now();
    await harness.call('initialise', []);
    return performance.now() - since;
  } finally {
    await harness.dispose();
  }
}
