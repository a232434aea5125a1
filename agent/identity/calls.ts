/** The short calls to the gateway: enrol, renew, engine certificate. Each opens a channel and closes it. */
import { type Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { ConductorClient, EnrolmentClient } from '../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { Identity } from './certificate.ts';
import { verifyGateway } from './peer.ts';

const callTimeoutMs = 10_000;
export const channelOptions = {
  // Every channel starts fresh: a shared one would wait out the backoff of an earlier failure.
  'grpc.use_local_subchannel_pool': 1, 'grpc.enable_retries': 0, 'grpc.service_config_disable_resolution': 1,
  // A proxy for the outside world has no business here.
  'grpc.enable_http_proxy': 0,
  // TLS asks for a name, and an address is none. Who it is, is told by the certificate's URI (`verifyGateway`).
  'grpc.ssl_target_name_override': 'gateway',
};

export interface IssuedCertificate { certificateChain: string; ca: string }

export function gatewayCredentials(trustDomain: string, identityCa: string, own?: Identity): ReturnType<typeof credentials.createSsl> {
  const verify = { checkServerIdentity: verifyGateway(trustDomain) };
  return own
    ? credentials.createSsl(Buffer.from(identityCa), Buffer.from(own.privateKey), Buffer.from(own.certificateChain), verify)
    : credentials.createSsl(Buffer.from(identityCa), null, null, verify);
}

export function enrol(to: { address: string; trustDomain: string; identityCa: string }, request: { instanceId: string; token: string; csr: Buffer }): Promise<IssuedCertificate> {
  const client = new EnrolmentClient(to.address, gatewayCredentials(to.trustDomain, to.identityCa), channelOptions);
  return unary(client, (deadline, done) => client.enrol(request, new Metadata(), { deadline }, (error, answer) => done(error, answer && { certificateChain: answer.certificateChain, ca: answer.identityCa })));
}

export interface Conductors { trustDomain: string; identity: Identity; addresses: readonly string[] }

export const renew = (to: Conductors, csr: Buffer): Promise<IssuedCertificate> => atAny(to, (client) =>
  unary(client, (deadline, done) => client.renew({ csr }, new Metadata(), { deadline }, (error, answer) => done(error, answer && { certificateChain: answer.certificateChain, ca: answer.identityCa }))));

export const issueEngineCertificate = (to: Conductors, csr: Buffer): Promise<IssuedCertificate> => atAny(to, (client) =>
  unary(client, (deadline, done) => client.issueEngineCertificate({ csr }, new Metadata(), { deadline }, (error, answer) => done(error, answer && { certificateChain: answer.certificateChain, ca: answer.engineCa }))));

/** The first conductor that answers; what the last one said when none does. */
async function atAny<T>({ trustDomain, identity, addresses }: Conductors, call: (client: ConductorClient) => Promise<T>): Promise<T> {
  let failure: unknown = new Error('No conductor address is known');
  for (const address of addresses) {
    try {
      return await call(new ConductorClient(address, gatewayCredentials(trustDomain, identity.identityCa, identity), channelOptions));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function unary<T>(client: Client, start: (deadline: Date, done: (error: ServiceError | null, answer: T | undefined) => void) => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    start(new Date(Date.now() + callTimeoutMs), (error, answer) => (error || answer === undefined ? reject(error ?? new Error('No answer')) : resolve(answer)));
  }).finally(() => client.close());
}
