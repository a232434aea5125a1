import { Server, type ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { type GuestAgentServer, GuestAgentService } from '../../proto/generated/coffer/agent/v1/agent.ts';

const options: ServerOptions = {
  'grpc.max_receive_message_length': 1 << 20,
  'grpc.max_concurrent_streams': 64,
  // Connections end in their own time, calls on them do not: the next one uses the present certificates.
  'grpc.max_connection_age_ms': 3_600_000,
  'grpc.keepalive_time_ms': 30_000,
};
const stopTimeoutMs = 1_000;

export interface AgentServer { port: number; stop(): Promise<void> }

/** On a free port of that address. */
export async function startServer(host: string, service: GuestAgentServer, credentials: ServerCredentials): Promise<AgentServer> {
  const server = new Server(options);
  server.addService(GuestAgentService, service);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:0`, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return {
    port,
    stop: () => new Promise((resolve) => {
      const timer = setTimeout(() => {
        server.forceShutdown();
        resolve();
      }, stopTimeoutMs);
      server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    }),
  };
}
