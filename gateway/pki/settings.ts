export interface PkiSettings {
  /** life of an identity certificate (agents and gateways) */
  leafTtlMs: number;
  /** life of the certificate that applications see; agents renew at two thirds */
  engineLeafTtlMs: number;
  caTtlMs: number;
  /** how long applications have to fetch a new engine CA before certificates are signed with it */
  engineCaOverlapMs: number;
  enrolmentTtlMs: number;
  /** how far clocks may differ: certificates start this much in the past */
  clockSkewMs: number;
}
const HOUR_MS = 3_600_000;
export const defaultPkiSettings: PkiSettings = {
  leafTtlMs: 24 * HOUR_MS, engineLeafTtlMs: 30 * 24 * HOUR_MS, caTtlMs: 10 * 365 * 24 * HOUR_MS, engineCaOverlapMs: 30 * 24 * HOUR_MS,
  enrolmentTtlMs: 15 * 60_000, clockSkewMs: 5 * 60_000,
};
