import { serialize } from 'bson';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage } from '../../../strategies/datastores/mongodb/connection.ts';
import { files, firstStartSettings, renderConfig, serverSettings } from '../../../strategies/datastores/mongodb/guest/config-file.ts';
import { tellErrors } from '../../../strategies/datastores/mongodb/guest/log.ts';
import { fullness } from '../../../strategies/datastores/mongodb/guest/probe.ts';
import { firstConfig, memberAddress, movedConfig } from '../../../strategies/datastores/mongodb/guest/replica-set.ts';
import { createLogin, createVerifier } from '../../../strategies/datastores/mongodb/scram.ts';

describe('messages', () => {
  const answer = (body: object): Buffer => {
    const message = encodeMessage(7, body);
    message.writeInt32LE(5, 8);
    return message;
  };
  it('are taken when they are complete, one after the other', () => {
    const [first, second] = [answer({ ok: 1 }), answer({ ok: 0, code: 13 })];
    const data = Buffer.concat([first, second]);
    for (const length of [0, 15, 16, first.length - 1]) expect(decodeMessage(data.subarray(0, length))).toBeUndefined();
    expect(decodeMessage(data)).toEqual({ body: { ok: 1 }, responseTo: 5, sizeBytes: first.length });
    expect(decodeMessage(data.subarray(first.length))).toMatchObject({ body: { code: 13 } });
  });
  it('of another protocol are refused, not waited for', () => {
    const spoil = (change: (message: Buffer) => void): Buffer => {
      const message = answer({ ok: 1 });
      change(message);
      return message;
    };
    expect(() => decodeMessage(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))).toThrow(/no answer of this protocol/);
    expect(() => decodeMessage(spoil((m) => m.writeInt32LE(4, 0)))).toThrow(/no answer/);
    expect(() => decodeMessage(spoil((m) => m.writeInt32LE(1 << 30, 0)))).toThrow(/no answer/);
    expect(() => decodeMessage(spoil((m) => m.writeInt32LE(2012, 12)))).toThrow(/no answer/);
    expect(() => decodeMessage(spoil((m) => { m[20] = 1; }))).toThrow(/unknown kind/);
  });
  it('carry the command as the one document', () => {
    const message = encodeMessage(1, { ping: 1, $db: 'admin' });
    expect(message.readInt32LE(0)).toBe(message.length);
    expect(message.subarray(21)).toEqual(Buffer.from(serialize({ ping: 1, $db: 'admin' })));
  });
});

/** The example of RFC 7677, section 3. */
describe('SCRAM-SHA-256', () => {
  const nonce = 'rOprNGfwEbeRWgbNEkqO';
  const challenge = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;
  it('proves the password and knows the server', async () => {
    const login = createLogin('user', 'pencil', nonce);
    expect(login.first).toBe(`n,,n=user,r=${nonce}`);
    expect(await login.final(challenge)).toEqual({
      text: `c=biws,r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
      signature: '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    });
  });
  it('goes on with nobody else\'s login, and not with cheap or endless hashing', async () => {
    const login = createLogin('user', 'pencil', nonce);
    await expect(login.final(challenge.replace(nonce, 'x'))).rejects.toThrow(/another login/);
    await expect(login.final(challenge.replace('i=4096', 'i=1'))).rejects.toThrow(/1 rounds/);
    await expect(login.final(challenge.replace('i=4096', 'i=99999999'))).rejects.toThrow(/rounds/);
  });
  it('escapes what separates fields', () => expect(createLogin('a=b,c', 'x', 'n').first).toBe('n,,n=a=3Db=2Cc,r=n'));
  it('keeps a verifier that is the same for the same salt, and holds no password', async () => {
    const verifier = await createVerifier('pencil', 'W22ZaJ0SNY7soEsUEjb6gQ==', 4096);
    expect(verifier).toEqual({ iterationCount: 4096, salt: 'W22ZaJ0SNY7soEsUEjb6gQ==', storedKey: 'WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=', serverKey: 'wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=' });
    expect((await createVerifier('pencil')).salt).not.toBe((await createVerifier('pencil')).salt);
  });
});

const ctx = {
  paths: { data: '/i/data', config: '/i/config', run: '/i/run', logs: '/i/logs', tls: '/i/tls', prefix: '/b', bin: '/b/bin' },
  tls: { certificate: '/i/tls/server.crt', key: '/i/tls/server.key', ca: '/i/tls/ca.crt' },
  network: { bind: '0.0.0.0', advertise: 'db.example', ports: { mongodb: 24001 } },
  sizing: { 'net.maxIncomingConnections': '128', 'storage.wiredTiger.engineConfig.cacheSizeGB': '0.25', 'storage.wiredTiger.engineConfig.configString': 'log=(prealloc=false)', 'net.port': '1' },
  parameters: {},
};

describe('the configuration', () => {
  it('is nested, numbers are numbers, and what Coffer owns wins', () => {
    const config = JSON.parse(renderConfig(serverSettings(ctx))) as Record<string, any>;
    expect(config['net']).toMatchObject({ port: 24001, bindIp: '0.0.0.0,/i/run/mongod.sock', ipv6: false, maxIncomingConnections: 128, maxIncomingConnectionsOverride: ['/i/run/mongod.sock'], tls: { mode: 'requireTLS', disabledProtocols: 'TLS1_0,TLS1_1' }, compression: { compressors: 'snappy,zstd' }, unixDomainSocket: { enabled: false, filePermissions: 0o700 } });
    expect(config['security']).toEqual({ authorization: 'enabled', javascriptEnabled: false, keyFile: files(ctx).memberKey });
    expect(config['setParameter']).toMatchObject({ enableLocalhostAuthBypass: false, authenticationMechanisms: 'SCRAM-SHA-256', diagnosticDataCollectionEnabled: false });
    expect(config['storage'].wiredTiger.engineConfig).toEqual({ cacheSizeGB: 0.25, configString: 'log=(prealloc=false)' });
  });
  it('has what is secret beside the data', () => {
    expect([files(ctx).certificate, files(ctx).memberKey]).toEqual(['/i/data/server.pem', '/i/data/member.key']);
  });
  it('tells what is slow, whoever sets the threshold, and nothing of the accounts', () => {
    for (const settings of [serverSettings(ctx), firstStartSettings(ctx, { dataFolder: '/i/data.building', socket: '/i/run/first.sock' })]) {
      const { operationProfiling } = JSON.parse(renderConfig(settings)) as Record<string, any>;
      expect(JSON.parse(operationProfiling.filter)).toEqual({ millis: { $gte: 100 }, ns: { $not: { $regex: '^admin\\.' } } });
    }
  });
  it('has no network before the first account exists', () => {
    const config = JSON.parse(renderConfig(firstStartSettings(ctx, { dataFolder: '/i/data.building', socket: '/i/run/first.sock' }))) as Record<string, any>;
    expect(config['net'].bindIp).toBe('/i/run/first.sock');
    expect(config['replication']).toBeUndefined();
    expect(config['storage'].dbPath).toBe('/i/data.building');
  });
});

describe('the member of the set', () => {
  it('has the address that applications are told', () => {
    expect(memberAddress(ctx)).toBe('db.example:24001');
    expect(memberAddress({ network: { ...ctx.network, advertise: '::1' } })).toBe('[::1]:24001');
  });
  it('moves alone only', () => {
    const found = { ...firstConfig('old:1'), term: 3, settings: { replicaSetId: 'x' } };
    expect(movedConfig(found, 'old:1')).toBeNull();
    expect(movedConfig(found, 'new:2')).toEqual({ ...found, version: 2, members: [{ _id: 0, host: 'new:2' }] });
    expect(movedConfig({ ...found, members: [...found.members, { _id: 1, host: 'other:1' }] }, 'new:2')).toBeNull();
  });
});

describe('what is told', () => {
  it('of places: those of management do not count', () => {
    expect(fullness({ current: 129, available: -1, limitExempt: 1 })).toMatch(/128 of 128/);
    expect(fullness({ current: 128, available: 0, limitExempt: 1 })).toBeNull();
  });
  it('of a log: what went wrong, without the rest', () => {
    const log = ['{"t":{},"s":"I","msg":"fine"}', 'no JSON', '{"t":{},"s":"E","c":"NETWORK","msg":"Failed to set up listener","attr":{"error":{"code":9001,"errmsg":"Address already in use"}}}', '{"t":{},"s":"F","msg":"Fatal assertion","attr":{"msgid":28595,"error":"13: Permission denied"}}'].join('\n');
    expect(tellErrors(log)).toBe('Failed to set up listener: Address already in use; Fatal assertion: 13: Permission denied');
  });
  it('of its storage engine: what that said, once, and not its farewell', () => {
    const said = '{"s":"E","msg":"WiredTiger error message","attr":{"error":22,"message":{"category":"WT_VERB_DEFAULT","msg":"__wt_cache_create:249:eviction dirty target must be lower than the eviction dirty trigger","error_code":22}}}';
    const log = [said, said, said, '{"s":"F","msg":"Fatal assertion","attr":{"msgid":28561}}', '{"s":"F","msg":"\\n\\n***aborting after fassert() failure\\n\\n"}'].join('\n');
    expect(tellErrors(log)).toBe('WiredTiger error message: eviction dirty target must be lower than the eviction dirty trigger; Fatal assertion');
  });
});
