import { expect, test } from 'vitest';
import { parseArguments } from '../../../prisma/engine/arguments.ts';
import { databaseOf, withDatabase } from '../../../prisma/engine/connection.ts';
import { nameMigration } from '../../../scripts/migration-files.ts';
import { decideIdentity } from '../../../kit/harness/unprivileged.ts';

const PASSWD = 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/nonexistent:/bin/false\n';

test('an ordinary user runs PostgreSQL as itself', () => {
  expect(decideIdentity(1000, PASSWD)).toBeNull();
});

test('root hands PostgreSQL to a user with a passwd entry', () => {
  expect(decideIdentity(0, PASSWD)).toEqual({ uid: 65534, gid: 65533 });
  expect(() => decideIdentity(0, 'root:x:0:0::/root:/bin/sh\n')).toThrow('ordinary user');
});

test('a migration is called after its time and title', () => {
  expect(nameMigration('Add volumes!', new Date('2026-11-20T18:45:00.123Z'))).toBe('20261120184500_add_volumes');
  expect(() => nameMigration(' ', new Date())).toThrow('node scripts/migration.ts new');
});

test('a URL is kept but for its database', () => {
  const url = 'postgresql://me:p%40ss@localhost:5433/app?host=/run/socket';
  expect(withDatabase(url, 'shadow 1')).toBe('postgresql://me:p%40ss@localhost:5433/shadow%201?host=/run/socket');
  expect(databaseOf(withDatabase(url, 'shadow 1'))).toBe('shadow 1');
});

test('the engine understands the command lines of Prisma’s CLI', () => {
  const datasource = ['--datasource', '{"url":"postgresql://h/db"}'];
  expect(parseArguments(['cli', ...datasource, 'create-database'], {})).toMatchObject({ databaseCommand: 'create-database', url: 'postgresql://h/db' });
  expect(parseArguments(['--datamodels', 'a.prisma', '--datamodels', 'b.prisma'], { DATABASE_URL: 'postgresql://env/db' })).toEqual({
    wantsVersion: false,
    url: 'postgresql://env/db',
    schemaPaths: ['a.prisma', 'b.prisma'],
  });
});
