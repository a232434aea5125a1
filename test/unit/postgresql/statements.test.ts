import { pbkdf2Sync, createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderAccess, renderServerConfig } from '../../../strategies/datastores/postgresql/guest/files.ts';
import { tableStatements } from '../../../strategies/datastores/postgresql/guest/groups.ts';
import { initdbArguments } from '../../../strategies/datastores/postgresql/guest/initialise.ts';
import { fixedSettings } from '../../../strategies/datastores/postgresql/guest/management.ts';
import { ownedSettings, serverArguments } from '../../../strategies/datastores/postgresql/guest/owned.ts';
import { scramVerifier } from '../../../strategies/datastores/postgresql/guest/scram.ts';
import { configValue, identifier, literal } from '../../../strategies/datastores/postgresql/guest/sql.ts';

describe('quoting', () => {
  const text = fc.string({ unit: 'binary', minLength: 1 }).filter((one) => !one.includes('\0'));
  it('of identifiers is undone by doubling quotes back', () => {
    fc.assert(fc.property(text, (name) => {
      const quoted = identifier(name);
      expect(quoted.slice(1, -1).replaceAll('""', '"')).toBe(name);
      expect(quoted.slice(1, -1).replaceAll('""', '')).not.toContain('"');
    }));
  });
  it('of texts holds with and without standard_conforming_strings', () => {
    expect([literal("it's"), literal('a\\'), literal("\\'")]).toEqual(["'it''s'", " E'a\\\\'", " E'\\\\'''"]);
    fc.assert(fc.property(text, (value) => {
      const body = literal(value).replace(/^ E/, '').slice(1, -1);
      expect(body.replaceAll("''", "'").replaceAll('\\\\', '\\')).toBe(value);
    }));
  });
  it('refuses what the server would cut off', () => {
    expect(() => identifier('a\0b')).toThrow();
    expect(() => identifier('')).toThrow();
    expect(() => literal('a\0b')).toThrow();
  });
  it('of configuration values keeps quotes and backslashes', () => expect(configValue("a'b\\c")).toBe("'a''b\\\\c'"));
});

describe('the verifier', () => {
  it('is the one of RFC 7677\'s example', async () => {
    // user "user", password "pencil"; the keys follow from the example's salt and iteration count.
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
    const salted = pbkdf2Sync('pencil', salt, 4096, 32, 'sha256');
    const stored = createHash('sha256').update(createHmac('sha256', salted).update('Client Key').digest()).digest('base64');
    expect(await scramVerifier('pencil', salt)).toBe(`SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$${stored}:${createHmac('sha256', salted).update('Server Key').digest('base64')}`);
    expect(await scramVerifier('pencil', salt)).toMatch(/WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=$/);
  });
  it('is another each time', async () => expect(await scramVerifier('x')).not.toBe(await scramVerifier('x')));
});

describe('what Coffer owns', () => {
  const paths = { data: '/i/volume/data', config: '/i/config', run: '/i/run', logs: '/i/logs', tls: '/i/tls', prefix: '/p', bin: '/p/bin' };
  const ctx = (track: string) => ({ track, paths, tls: { certificate: '/i/tls/c', key: '/i/tls/k', ca: '/i/tls/ca' }, network: { bind: '127.0.0.1', advertise: 'db', ports: { postgresql: 21499 } }, parameters: {} });
  it('keeps access files out of the data', () => {
    const owned = ownedSettings(ctx('15'));
    for (const name of ['config_file', 'hba_file', 'ident_file']) expect(owned[name]).toMatch(/^\/i\/config\//);
    expect(owned['external_pid_file']).toBe('/i/run/postgresql.pid');
  });
  it('is on the command line, without a secret', () => {
    expect(serverArguments(ctx('17'))).toEqual(expect.arrayContaining(['ssl=on', 'allow_alter_system=off', 'listen_addresses=127.0.0.1', 'shared_preload_libraries=']));
    expect(serverArguments(ctx('15'))).not.toContain('allow_alter_system=off');
  });
  it('lets management in by the socket only, and nobody without TLS', () => {
    const lines = renderAccess().split('\n').filter((line) => /^(local|host)/.test(line)).map((line) => line.trim().split(/\s+/).join(' '));
    expect(lines).toEqual(['local all "coffer" scram-sha-256', 'local all all reject', 'hostnossl all all all reject', 'hostssl all "coffer" all reject', 'hostssl all all all scram-sha-256']);
  });
  it('is rendered in one order', () => {
    expect(renderServerConfig({ b: '1', a: "x'y" })).toBe(renderServerConfig({ a: "x'y", b: '1' }));
    expect(renderServerConfig({ a: "x'y" })).toContain("a = 'x''y'\n");
  });
  it('lets nobody in before the secret is set', () => {
    expect(initdbArguments('17', '/d')).toEqual(expect.arrayContaining(['--auth-local=reject', '--auth-host=reject', '--data-checksums', '--locale-provider=builtin']));
    expect(initdbArguments('15', '/d')).not.toContain('--locale-provider=builtin');
  });
  it('escapes blanks in what management fixes for its sessions', () => {
    expect(fixedSettings('17', 1000)).toContain('-c default_transaction_isolation=read\\ committed');
    expect(fixedSettings('15', 1000)).not.toContain('transaction_timeout');
  });
});

describe('a privilege', () => {
  it('reaches tables, and the sequences behind them, of every schema and of later', () => {
    expect(tableStatements(['pub"lic'], 'INSERT', 'own', 'ins')).toEqual([
      'grant usage on schema "pub""lic" to "ins"', 'grant insert on all tables in schema "pub""lic" to "ins"', 'grant usage on all sequences in schema "pub""lic" to "ins"',
      'alter default privileges for role "own" grant usage on schemas to "ins"', 'alter default privileges for role "own" grant insert on tables to "ins"', 'alter default privileges for role "own" grant usage on sequences to "ins"',
    ]);
    expect(tableStatements([], 'DELETE', 'own', 'del')).toHaveLength(2);
  });
});
