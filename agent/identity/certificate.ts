import { createPrivateKey, X509Certificate } from 'node:crypto';

/** What the agent is to others: written and read as one file, so that key and certificate always fit. */
export interface Identity {
  /** PEM, leaf first */
  certificateChain: string;
  privateKey: string;
  /** PEM bundle of the identity CAs to trust */
  identityCa: string;
  /** issuer's clock minus ours when it was issued; 0 unless one of the two is wrong */
  skewMs: number;
  /** by our clock */
  receivedMs: number;
}

export interface Validity { notBeforeMs: number; notAfterMs: number }
export function validityOf(chain: string): Validity {
  const { validFrom, validTo } = new X509Certificate(chain);
  return { notBeforeMs: Date.parse(validFrom), notAfterMs: Date.parse(validTo) };
}

/** A certificate that is not valid at the moment it is received shows that two clocks differ: lifetimes then count from receipt. */
export function decideSkew(validity: Validity, nowMs: number): number {
  return nowMs >= validity.notBeforeMs && nowMs < validity.notAfterMs ? 0 : validity.notBeforeMs - nowMs;
}

export interface Lifetime { isExpired: boolean; renewAtMs: number; expiresAtMs: number }
/** Due at two thirds, counted from receipt (issuers date certificates back). In our own clock. */
export function lifetimeOf(validity: Validity, held: { skewMs: number; receivedMs: number }, nowMs: number): Lifetime {
  const expiresAtMs = validity.notAfterMs - held.skewMs;
  return { isExpired: nowMs >= expiresAtMs, renewAtMs: held.receivedMs + ((expiresAtMs - held.receivedMs) * 2) / 3, expiresAtMs };
}

/** Throws unless the certificate is for this key. */
export function assertKeyFits(chain: string, privateKey: string): void {
  if (!new X509Certificate(chain).checkPrivateKey(createPrivateKey(privateKey))) throw new Error('The certificate received is not for the key of the request');
}
