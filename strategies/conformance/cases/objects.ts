/** Databases, users, grants and root as the people who use them see them: always through the stock client. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Proposal } from '../../spi/control.ts';
import type { ConformanceFixture, Login } from '../fixture.ts';
import { expectKept, faultOf, freshName, refusalOf, settled, useSession } from './session.ts';

/** From a statement's end to the end of a session that lost its right. */
const endTimeoutMs = 5_000;

export function objectCases(fixture: ConformanceFixture): void {
  const { manifest, control } = fixture.plugin;
  const has = (capability: (typeof manifest.capabilities)[number]): boolean => manifest.capabilities.includes(capability);
  const { samples, track } = fixture;
  const issuesOf = async (proposal: Proposal): Promise<number> => (await control.validate(proposal)).length;
  if (!has('USERS')) return;

  describe('objects', () => {
    const session = useSession(fixture, { prepared: true });
    beforeEach(() => session.makeRoom());
    const call: typeof session.harness.call = (...args) => session.harness.call(...args);
    const databaseNames = async (): Promise<string[]> => (await call('databases.list', [])).map((database) => database.name);
    const userNames = async (): Promise<string[]> => (await call('users.list', [])).map((user) => user.name);
    const cannotConnect = async (login: Login): Promise<void> => expect(await refusalOf(session.client.read(login, 'anything'))).not.toBeNull();

    describe.runIf(has('DATABASES'))('databases', () => {
      it('are made once, however often the same operation asks', async () => {
        const wanted = samples.databases[1]!;
        expect(await issuesOf({ kind: 'database', track, database: wanted })).toBe(0);
        await call('databases.create', [wanted], { operationId: 'op_first' });
        await call('databases.create', [wanted], { operationId: 'op_first' });
        expect((await databaseNames()).filter((name) => name === wanted.name)).toHaveLength(1);
      });
      it('are not taken over by another operation', async () => {
        expect(await faultOf(call('databases.create', [samples.databases[1]!], { operationId: 'op_second' }))).toBe('EXISTS');
      });
      it('tell their character set, collation and size', async () => {
        const found = (await call('databases.list', [])).find((database) => database.name === samples.databases[1]!.name);
        expect(found).toMatchObject({ ...samples.databases[1], sizeBytes: expect.any(Number) as number });
      });
      it('are deleted with the sessions in them, and deleting again changes nothing', async () => {
        const { name } = samples.databases[1]!;
        const held = await session.client.hold({ ...(await session.user(freshName('held'), [samples.usual(name)])), database: name });
        await call('databases.delete', [name]);
        await held.ended(endTimeoutMs);
        expect(await databaseNames()).not.toContain(name);
        await settled(call('databases.delete', [name]));
      });
    });

    describe('names', () => {
      it.each(samples.awkwardNames)('%j serves as a user that logs in, is renamed, and goes', async (name) => {
        expect(await issuesOf({ kind: 'user', track, user: { name, grants: [] } })).toBe(0);
        const login = await session.user(name);
        await session.client.write(login, freshName('awkward'), 'x');
        expect(await userNames()).toContain(name);
        const renamed = freshName('renamed');
        await call('users.update', [{ name }, { name: renamed }]);
        await session.client.write({ ...login, user: renamed }, freshName('awkward'), 'x');
        await call('users.update', [{ name: renamed }, { name }]);
        await call('users.delete', [{ name }]);
        await cannotConnect(login);
      });
      it.runIf(has('DATABASES')).each(samples.awkwardDatabaseNames ?? samples.awkwardNames)('%j serves as a database', async (name) => {
        expect(await issuesOf({ kind: 'database', track, database: { name } })).toBe(0);
        await call('databases.create', [{ name }]);
        const login = { ...(await session.user(freshName('guest'), [samples.usual(name)])), database: name };
        await session.client.write(login, 'here', 'x');
        expect(await session.client.read(login, 'here')).toBe('x');
        expect((await call('users.list', [])).find((user) => user.name === login.user)?.grants.map((grant) => grant.database)).toEqual([name]);
        await call('databases.delete', [name]);
        expect(await databaseNames()).not.toContain(name);
      });
      it.each(samples.systemNames)('%j is refused before and inside the engine', async (name) => {
        const password = session.password();
        expect(await issuesOf({ kind: 'user', track, user: { name, grants: [] } })).toBeGreaterThan(0);
        expect(await issuesOf({ kind: 'user-ref', track, user: { name } })).toBeGreaterThan(0);
        expect(await faultOf(call('users.create', [{ name, password, grants: [] }]))).toBe('REFUSED');
        expect(await faultOf(call('users.update', [{ name }, { password }]))).toBe('REFUSED');
        expect(await faultOf(call('users.delete', [{ name }]))).toBe('REFUSED');
        expect(await userNames()).not.toContain(name);
      });
    });

    describe('users', () => {
      it('are made once, however often the same operation asks, and not taken over by another', async () => {
        const user = { name: freshName('once'), password: session.password(), grants: [samples.usual(session.database)] };
        await call('users.create', [user], { operationId: 'op_user' });
        await call('users.create', [user], { operationId: 'op_user' });
        expect((await userNames()).filter((name) => name === user.name)).toHaveLength(1);
        expect(await faultOf(call('users.create', [{ ...user, password: session.password() }], { operationId: 'op_other' }))).toBe('EXISTS');
        await session.client.write({ user: user.name, password: user.password, database: session.database }, freshName('mine'), 'x');
      });
      it('get a new password at once: the old one and its sessions end', async ({ annotate }) => {
        const login = await session.user(freshName('rekeyed'));
        const held = await session.client.hold(login);
        const password = session.password();
        for (const _ of [1, 2]) await call('users.update', [{ name: login.user }, { password }], { operationId: 'op_rekey' });
        if (manifest.openSessions?.outliveNewPassword === undefined) await held.ended(endTimeoutMs);
        else void annotate(`${manifest.id} does not end sessions at a new password: ${manifest.openSessions.outliveNewPassword}`);
        await held.close();
        await cannotConnect(login);
        await session.client.write({ ...login, password }, freshName('again'), 'x');
      });
      it('keep password and grants when renamed', async () => {
        const login = await session.user(freshName('before'));
        const name = freshName('after');
        for (const _ of [1, 2]) await call('users.update', [{ name: login.user }, { name }], { operationId: 'op_rename' });
        await session.client.write({ ...login, user: name }, freshName('kept'), 'x');
        await cannotConnect(login);
        expect(await userNames()).not.toContain(login.user);
      });
      it('go at once: sessions end, what they made stays for the others', async () => {
        const [leaver, stayer] = [await session.user(freshName('leaver')), await session.user(freshName('stayer'))];
        const name = freshName('legacy');
        await session.client.write(leaver, name, 'legacy');
        const held = await session.client.hold(leaver);
        await call('users.delete', [{ name: leaver.user }]);
        await held.ended(endTimeoutMs);
        await cannotConnect(leaver);
        await expectKept(fixture, session.client, { login: stayer, name, value: 'legacy' });
        await session.client.write(stayer, name, 'changed');
        await settled(call('users.delete', [{ name: leaver.user }]));
      });
      it('that do not exist are MISSING', async () => {
        expect(await faultOf(call('users.update', [{ name: 'never_made' }, { password: session.password() }]))).toBe('MISSING');
        expect(await faultOf(call('users.delete', [{ name: 'never_made' }]))).toBe('MISSING');
      });
    });

    describe.runIf(has('GRANTS'))('grants', () => {
      it('let users share what any of them makes, before or after', async () => {
        const [ann, ben] = [await session.user(freshName('ann')), await session.user(freshName('ben'))];
        const [early, late] = [freshName('early'), freshName('late')];
        await session.client.write(ann, early, 'from ann');
        expect(await session.client.read(ben, early)).toBe('from ann');
        await session.client.write(ben, early, 'from ben');
        await session.client.write(ben, late, 'later');
        expect(await session.client.read(ann, late)).toBe('later');
      });
      it('for reading only do not write, and see what is made later', async () => {
        const writer = await session.user(freshName('writer'));
        const reader = await session.user(freshName('reader'), [samples.readOnly(session.database)]);
        const name = freshName('story');
        await session.client.write(writer, name, 'once');
        expect(await session.client.read(reader, name)).toBe('once');
        expect(await refusalOf(session.client.write(reader, name, 'changed'))).not.toBeNull();
        expect(await session.client.read(writer, name)).toBe('once');
      });
      it('can be given twice and taken twice, with effect at once', async () => {
        const login = await session.user(freshName('granted'), []);
        await cannotConnect(login);
        for (const _ of [1, 2]) await call('grants.grant', [{ name: login.user }, [samples.usual(session.database)]]);
        await session.client.write(login, freshName('word'), 'x');
        expect((await call('users.list', [])).find((user) => user.name === login.user)?.grants).toHaveLength(1);
        const held = await session.client.hold(login);
        await call('grants.revoke', [{ name: login.user }, [session.database]]);
        if (session.database !== null) await held.ended(endTimeoutMs);
        await held.close();
        await cannotConnect(login);
        await settled(call('grants.revoke', [{ name: login.user }, [session.database]]));
        expect((await call('users.list', [])).find((user) => user.name === login.user)?.grants).toEqual([]);
      });
      it('of a database do not reach another', async () => {
        if (session.database === null) return;
        const other = samples.databases[1]!;
        await call('databases.create', [other]);
        const login = await session.user(freshName('outsider'), [samples.usual(other.name)]);
        await cannotConnect({ ...login, database: session.database });
        await session.client.write({ ...login, database: other.name }, 'inside', 'x');
        await call('databases.delete', [other.name]);
      });
    });

    describe.runIf(has('ROOT'))('root', () => {
      it('is off at first, on when asked, with the latest password, and off again at once', async () => {
        expect(await call('root.isEnabled', [])).toBe(false);
        const [first, second] = [session.password(), session.password()];
        const { name } = await call('root.enable', [first]);
        expect(name).toBe(control.rootName);
        await call('root.enable', [second]);
        expect(await call('root.isEnabled', [])).toBe(true);
        const root = { user: name, password: second, database: session.database };
        await cannotConnect({ ...root, password: first });

        const [user, word] = [await session.user(freshName('tenant')), freshName('treasure')];
        await session.client.write(user, word, 'seen');
        expect(await session.client.read(root, word)).toBe('seen');
        await session.client.write(root, word, 'and changed');
        expect(await session.client.read(user, word)).toBe('and changed');
        expect(await userNames()).not.toContain(name);

        const held = await session.client.hold(root);
        for (const _ of [1, 2]) await call('root.disable', []);
        await held.ended(endTimeoutMs);
        await cannotConnect(root);
        expect(await call('root.isEnabled', [])).toBe(false);
        expect(await session.client.read(user, word)).toBe('and changed');
      });
    });

    it('never show a password in the engine\'s log, its configuration or a process list', async () => {
      const { leaksOf } = await import('../leaks.ts');
      const leaks = await leaksOf(session.harness, session.secrets);
      expect(leaks, leaks.join('; ')).toEqual([]);
    });
  });
}
