/** What a check of an upgrade finds, in words. Pure. */
import type { Finding, GuestContext, NamedBuild } from '../../../spi/guest.ts';

const mostShown = 20;

/** There may be any number of tables and transactions. */
export const capped = (findings: readonly Finding[]): Finding[] => {
  const [first] = findings;
  const more = findings.length - mostShown;
  return first && more > 0 ? [...findings.slice(0, mostShown), { severity: first.severity, subject: null, message: `and ${more} more like these` }] : [...findings];
};

/** Servers bring data forward only. */
export function buildFindings(from: Pick<GuestContext, 'track' | 'version'>, to: Pick<NamedBuild, 'track' | 'version'>): Finding[] {
  const isOlder = from.track === to.track && to.version.localeCompare(from.version, 'en', { numeric: true }) < 0;
  return isOlder ? [{ severity: 'ERROR', subject: to.version, message: `this build is older than ${from.version}, which has written the data: install a newer one` }] : [];
}

/** They outlast the sessions that made them, and the server. */
export const preparedFindings = (xids: readonly string[]): Finding[] => capped(xids.map((xid): Finding => (
  { severity: 'ERROR', subject: xid, message: `this distributed transaction is prepared, and holds its locks until it is ended: XA COMMIT ${xid}, or XA ROLLBACK ${xid}` }
)));
