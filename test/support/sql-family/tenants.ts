/** What every server of the family owes against its tenants: `root`, the enabled one; `user`, with the usual set in `shop`; `outsider`, with nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { openConnection } from '../../../strategies/datastores/sql-family/wire/connection.ts';
import { password, type Server } from './server.ts';

export interface Attack { title: string; who: 'root' | 'user' | 'outsider'; sql: string }
export const attack = (title: string, sql: string, who: Attack['who'] = 'root'): Attack => ({ title, sql, who });

export interface TenantSamples {
  /** Every one of these has to be refused by the server. */
  attacks: readonly Attack[];
  /** What the server says when it refuses for want of a right: anything else would be a mistake in the attack. */
  refusal: RegExp;
  /** besides `shop` */
  databases: readonly string[];
  /** of them, what `user` has as well */
  own?: readonly string[];
  /** the client's own words for it */
  withoutTls: readonly string[];
  /** accounts of the system that have no password */
  systemUsers: readonly string[];
}

export function tenantScenarios(server: Server, { attacks, refusal, databases, own = [], withoutTls, systemUsers }: TenantSamples): void {
  const call: Server['harness']['call'] = (...args) => server.harness.call(...args);
  beforeAll(async () => {
    for (const name of databases) await call('databases.create', [{ name }]);
    await server.user('user', Object.fromEntries(['shop', ...own].map((name) => [name, []])));
    await server.user('outsider', {});
    await call('root.enable', [password]);
  });

  it.each(attacks.map((one) => [one.who, one.title, one.sql] as const))('%s: %s is refused', async (who, _title, sql) => {
    const result = await server.client.run(server.login(who, who === 'outsider' ? null : 'shop'), `${sql};`, ['--local-infile=1']);
    expect(result.stderr).toMatch(refusal);
    expect(result.exitCode).not.toBe(0);
    expect(existsSync('/tmp/coffer-attack')).toBe(false);
  });
  it('management is not let in over TCP, its secret known', async () => {
    const coffer = { user: 'coffer', password: server.harness.facts.managementSecret, database: null };
    await expect(server.client.ask(coffer, 'select 1;')).rejects.toThrow(/ERROR 1045/);
    await expect(server.client.ask(coffer, 'select 1;', withoutTls)).rejects.toThrow(/ERROR (1045|2061|3159)/);
  });
  it('the socket admits management only, and only with its secret', async () => {
    const place = { socketPath: join(server.harness.facts.paths.run, 'server.sock') };
    const over = async (user: string, secret: string): Promise<string> => {
      const connection = await openConnection(place, { user, password: secret, database: null }, 5_000);
      connection.close();
      return 'in';
    };
    expect(await over('coffer', server.harness.facts.managementSecret)).toBe('in');
    await expect(over('coffer', 'not the secret')).rejects.toThrow(/Access denied/);
    for (const user of systemUsers) await expect(over(user, '')).rejects.toThrow(/Access denied|locked/);
  });
  it('as root keeps its rights when a database is called what stands for all of them', async () => {
    await call('databases.create', [{ name: '%' }]);
    await server.ask('root', 'create table `%`.t (a int); insert into `%`.t values (1)');
    await call('databases.delete', ['%']);
    await server.ask('root', 'create table shop.roots (a int); drop table shop.roots');
  });
}
