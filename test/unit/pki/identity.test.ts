import type { PeerCertificate } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { newId } from '../../../kernel/ids.ts';
import { identityCheck, parseSpiffe, readPeer } from '../../../gateway/pki/identity.ts';
import { createSerial, engineNames, normaliseSerial } from '../../../gateway/pki/x509.ts';

const domain = 'coffer-abc.internal';
const id = newId('Instance');
const certificate = (subjectaltname: string | undefined): PeerCertificate =>
  ({ subjectaltname, serialNumber: '0A1B', valid_from: 'Nov 20 12:00:00 2026 GMT', valid_to: 'Nov 21 12:00:00 2026 GMT' }) as PeerCertificate;

describe('an identity', () => {
  it('is a gateway or an instance of this trust domain', () => {
    expect(parseSpiffe(`spiffe://${domain}/gateway`, domain)).toEqual({ kind: 'gateway' });
    expect(parseSpiffe(`spiffe://${domain}/instance/${id}`, domain)).toEqual({ kind: 'instance', instanceId: id });
  });
  it.each([
    '', 'spiffe://', `spiffe://other/gateway`, `spiffe://${domain}/gateway/`, `spiffe://${domain}/Gateway`, `spiffe://${domain}.evil/gateway`, `https://${domain}/gateway`,
    `spiffe://${domain}/instance/`, `spiffe://${domain}/instance/${id}/x`, `spiffe://${domain}/instance/${id.toUpperCase()}`, `spiffe://${domain}/instance/${newId('Project')}`,
    `spiffe://${domain}/instance/../gateway`, `spiffe://${domain}/instance/${id}?x`, `spiffe://${domain}:1/gateway`, `SPIFFE://${domain}/gateway`,
  ])('%s is none', (uri) => expect(parseSpiffe(uri, domain)).toBeNull());

  it('is read from a certificate that has this name and no other', () => {
    expect(readPeer(certificate(`URI:spiffe://${domain}/gateway`), domain)).toMatchObject({ identity: { kind: 'gateway' }, serial: 'A1B' });
    for (const names of [undefined, '', 'DNS:gateway', `DNS:x, URI:spiffe://${domain}/gateway`, `URI:spiffe://${domain}/gateway, URI:spiffe://${domain}/instance/${id}`, `URI:"spiffe://${domain}/gateway"`]) {
      expect(readPeer(certificate(names), domain)).toBeNull();
    }
    expect(readPeer(undefined, domain)).toBeNull();
  });
  it('of a server must be the one that was called', () => {
    const check = identityCheck(domain, { kind: 'instance', instanceId: id });
    expect(check('127.0.0.1', certificate(`URI:spiffe://${domain}/instance/${id}`))).toBeUndefined();
    expect(check('127.0.0.1', certificate(`URI:spiffe://${domain}/instance/${newId('Instance')}`))).toBeInstanceOf(Error);
    expect(check('127.0.0.1', certificate(`URI:spiffe://${domain}/gateway`))).toBeInstanceOf(Error);
  });
});

describe('names of an engine', () => {
  it('are its hosts; loopback brings localhost', () => {
    expect(engineNames(['db.example.org', '10.0.0.7'])).toEqual([{ type: 'ip', value: '10.0.0.7' }, { type: 'dns', value: 'db.example.org' }]);
    expect(engineNames(['127.0.0.1']).map((n) => n.value)).toEqual(['127.0.0.1', 'localhost']);
    expect(engineNames(['[::1]', '0.0.0.0', '']).map((n) => n.value)).toEqual(['127.0.0.1', '::1', 'localhost']);
  });
});

it('a serial reads the same everywhere', () => {
  for (let i = 0; i < 50; i++) {
    const serial = createSerial();
    expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(normaliseSerial(`00${serial.toLowerCase()}`)).toBe(serial);
  }
});
