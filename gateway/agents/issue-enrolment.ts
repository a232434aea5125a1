import { CofferError } from '../../kernel/errors.ts';
import type { Enrolment } from '../../strategies/spi/compute.ts';
import type { Pki } from '../pki/pki.ts';
import type { Tx } from '../store/tx.ts';
import type { Gateways } from './gateways.ts';

/** What a new agent needs to make itself known: a one-time token and where to bring it. In the caller's transaction. */
export type IssueEnrolment = (tx: Tx, instanceId: string) => Promise<Enrolment>;

export const createIssueEnrolment = (deps: { pki: Pki; gateways: Gateways }): IssueEnrolment => async (tx, instanceId) => {
  const conductors = await deps.gateways.conductors(tx);
  const conductor = conductors.find((c) => c.enrolAddress !== '');
  if (!conductor) throw new CofferError('AGENT.UNREACHABLE', 'no gateway with the conductor role is alive, so no agent can enrol', { remedy: 'Start a process with the conductor role.' });
  const token = await deps.pki.createEnrolmentToken(tx, instanceId);
  // All of them, for the day when the first one is gone; the agent takes a list.
  const conductorAddress = conductors.map((c) => c.address).join(',');
  return { token, trustDomain: deps.pki.trustDomain(), identityCa: deps.pki.bundle('identity'), enrolAddress: conductor.enrolAddress, conductorAddress };
};
