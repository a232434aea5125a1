/** The gateway's side of an agent, as small as it can be: enrolment, renewal, engine certificates, reports. */
import { Metadata, Server, ServerCredentials, status, type ServerDuplexStream } from '@grpc/grpc-js';
import {
  ConductorService, EnrolmentService, type ConductorServer, type EnrolmentServer, type Hello, type Observation, type ReportRequest, type ReportResponse,
} from '../../../../proto/generated/coffer/conductor/v1/conductor.ts';
import type { LeafOptions, TestCa } from './ca.ts';

export interface TestConductor {
  conductorAddress: string; enrolAddress: string;
  hellos: Hello[];
  observations: (Observation & { heardMs: number })[];
  renewals: number;
  enrolments: number;
  engineCertificates: number;
  tokens: Set<string>;
  /** what is issued from now on */
  leaf: LeafOptions;
  /** Resolves with the first observation, from now on or already heard after `since`, that fits. */
  observed(fits: (seen: Observation) => boolean, options?: { since?: number; timeoutMs?: number }): Promise<Observation & { heardMs: number }>;
  hello(count?: number): Promise<Hello>;
  dropStreams(): void;
  stop(): Promise<void>;
}

const waitMs = 10_000;
type Stream = ServerDuplexStream<ReportRequest, ReportResponse>;

export async function startConductor(ca: TestCa, trustDomain: string, options: { heartbeatMs?: number; port?: number } = {}): Promise<TestConductor> {
  const own = await ca.issue({ uri: `spiffe://${trustDomain}/gateway` });
  const pair = [{ private_key: Buffer.from(own.key), cert_chain: Buffer.from(own.chain) }];
  const streams = new Set<Stream>();
  const waiters = new Set<() => void>();
  const wake = (): void => [...waiters].forEach((waiter) => waiter());
  let incarnation = 0;

  const enrolment: EnrolmentServer = {
    enrol(call, done) {
      const { token, instanceId, csr } = call.request;
      if (!conductor.tokens.delete(token)) return done({ code: status.PERMISSION_DENIED, details: 'the token is unknown', metadata: new Metadata() });
      conductor.enrolments++;
      ca.sign(csr, { uri: `spiffe://${trustDomain}/instance/${instanceId}`, ...conductor.leaf })
        .then((certificateChain) => done(null, { certificateChain, identityCa: ca.pem }), (error: Error) => done(error));
    },
  };
  const service: ConductorServer = {
    renew(call, done) {
      conductor.renewals++;
      const uri = call.getAuthContext().sslPeerCertificate?.subjectaltname?.replace('URI:', '') ?? '';
      ca.sign(call.request.csr, { uri, ...conductor.leaf }).then((certificateChain) => done(null, { certificateChain, identityCa: ca.pem }), (error: Error) => done(error));
    },
    issueEngineCertificate(call, done) {
      conductor.engineCertificates++;
      ca.sign(call.request.csr, conductor.leaf).then((certificateChain) => done(null, { certificateChain, engineCa: ca.pem }), (error: Error) => done(error));
    },
    report(stream) {
      streams.add(stream);
      stream.on('data', ({ report }: ReportRequest) => {
        if (report?.$case === 'hello') {
          conductor.hellos.push(report.value);
          stream.write({ message: { $case: 'welcome', value: { incarnation: ++incarnation, heartbeatMs: options.heartbeatMs ?? 1_000, conductorAddresses: [] } } });
        }
        if (report?.$case === 'observation') {
          conductor.observations.push({ ...report.value, heardMs: Date.now() });
          stream.write({ message: { $case: 'ack', value: { counter: report.value.counter } } });
        }
        wake();
      });
      for (const event of ['end', 'error', 'cancelled'] as const) stream.on(event, () => streams.delete(stream));
      stream.on('end', () => stream.end());
    },
  };
  const until = async <T>(what: string, find: () => T | undefined, timeoutMs: number): Promise<T> => {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const look = (): void => {
      const found = find();
      if (found !== undefined) resolve(found);
    };
    const timer = setTimeout(() => reject(new Error(`${what} did not come within ${timeoutMs} ms; last: ${JSON.stringify(conductor.observations.at(-1))}`)), timeoutMs);
    waiters.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      waiters.delete(look);
    });
  };

  const main = new Server({ 'grpc.max_connection_age_grace_ms': 0 });
  main.addService(ConductorService, service);
  const enrolServer = new Server();
  enrolServer.addService(EnrolmentService, enrolment);
  const bind = (server: Server, credentials: ServerCredentials, port: number): Promise<string> => new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) => (error ? reject(error) : resolve(`127.0.0.1:${bound}`)));
  });
  const conductor: TestConductor = {
    conductorAddress: await bind(main, ServerCredentials.createSsl(Buffer.from(ca.pem), pair, true), options.port ?? 0),
    enrolAddress: await bind(enrolServer, ServerCredentials.createSsl(null, pair, false), 0),
    hellos: [], observations: [], renewals: 0, enrolments: 0, engineCertificates: 0, tokens: new Set(), leaf: {},
    observed: (fits, { since = 0, timeoutMs = waitMs } = {}) => until('an observation', () => conductor.observations.slice(since).find(fits), timeoutMs),
    hello: (count = 1) => until('a Hello', () => conductor.hellos[count - 1], waitMs),
    dropStreams: () => streams.forEach((stream) => stream.emit('error', { code: status.UNAVAILABLE, details: 'dropped by the test' })),
    async stop() {
      main.forceShutdown();
      enrolServer.forceShutdown();
    },
  };
  return conductor;
}
