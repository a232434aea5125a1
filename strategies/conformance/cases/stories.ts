/** Each method that changes something, with a fresh start for it and how its end is told: what the fault groups go through. */
import { expect } from 'vitest';
import type { ConformanceFixture, Login } from '../fixture.ts';
import type { GuestArgs, GuestMethod } from '../harness.ts';
import { nextSize } from './resize.ts';
import { expectKept, freshName, refusalOf, type Session } from './session.ts';

export interface Story<M extends GuestMethod> {
  method: M;
  /** a fresh start for each time */
  prepare(): Promise<{ args: GuestArgs<M>; check(): Promise<void> }>;
}
/** Declares a test of one story. */
export type Tell = <M extends GuestMethod>(title: string, isPossible: boolean, story: Story<M>) => void;

export function tellStories(fixture: ConformanceFixture, session: Session, tell: Tell): void {
  const { manifest } = fixture.plugin;
  const { samples } = fixture;
  const has = (capability: (typeof manifest.capabilities)[number]): boolean => manifest.capabilities.includes(capability);
  const call: typeof session.harness.call = (...args) => session.harness.call(...args);
  const works = async (login: Login): Promise<void> => session.client.write(login, freshName('works'), 'x');
  const isRefused = async (login: Login): Promise<void> => expect(await refusalOf(session.client.read(login, 'anything'))).not.toBeNull();
  const tellOfUsers: Tell = (title, isPossible, story) => tell(title, isPossible, { ...story, prepare: () => session.makeRoom().then(story.prepare) });
  let wanted: string | undefined;
  const isUp = async (): Promise<void> => expect(await call('probe', [])).toMatchObject({ state: 'ok', managementLost: false });

  tell('configure ends with a sound engine', true, { method: 'configure', prepare: async () => ({ args: [], check: isUp }) });
  tell('configuring other values ends with them', fixture.configuration !== undefined, {
    method: 'configure',
    prepare: async () => {
      const { name, value, other } = fixture.configuration!.live;
      await call('start', []);
      // Each time the other one: what was there before must not do.
      wanted = wanted === value ? other : value;
      const current = wanted;
      session.harness.tune({ [name]: current });
      return {
        args: [],
        check: async () => {
          expect((await call('configuration.read', [])).find((one) => one.name === name)).toMatchObject({ value: current, pending: null });
          await isUp();
        },
      };
    },
  });
  tell('asking whether a size fits changes nothing', has('RESIZE'), {
    method: 'resize.check',
    prepare: async () => ({ args: [await nextSize(fixture, fixture.flavor)], check: isUp }),
  });
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
  tellOfUsers('making a user ends with one that works', has('USERS'), {
    method: 'users.create',
    prepare: async () => {
      const [name, password] = [freshName('crash'), session.password()];
      return { args: [{ name, password, grants: [samples.usual(session.database)] }], check: () => works({ user: name, password, database: session.database }) };
    },
  });
  tellOfUsers('changing name and password of a user ends with both changed', has('USERS'), {
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
  tellOfUsers('deleting a user ends without it, its work kept', has('USERS'), {
    method: 'users.delete',
    prepare: async () => {
      const [login, word] = [await session.user(freshName('crash')), freshName('work')];
      await session.client.write(login, word, 'kept');
      return {
        args: [{ name: login.user }],
        check: async () => {
          await isRefused(login);
          expect((await call('users.list', [])).map((user) => user.name)).not.toContain(login.user);
          await expectKept(fixture, session.client, { login: await session.user(freshName('heir')), name: word, value: 'kept' });
        },
      };
    },
  });
  tellOfUsers('a grant ends given', has('GRANTS'), {
    method: 'grants.grant',
    prepare: async () => {
      const login = await session.user(freshName('crash'), []);
      return { args: [{ name: login.user }, [samples.usual(session.database)]], check: () => works(login) };
    },
  });
  tellOfUsers('a revocation ends taken', has('GRANTS'), {
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
  for (const action of Object.keys(manifest.graphql?.actions ?? {})) {
    tell('an action of the API ends with a sound engine', true, { method: `graphql.actions.${action}`, prepare: async () => ({ args: [samples.graphql?.actions?.[action] ?? {}], check: isUp }) });
  }
}
