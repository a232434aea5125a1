/**
 * How a person connects, as the plugin's manifest says and the gateway passes it on. The one place that names those
 * fields of the API.
 */
import type { Client } from '../api/client.ts';
import { Failure } from '../failure.ts';
import { ConnectSpecDocument } from '../generated/documents.ts';

export interface ConnectSpec {
  command: string;
  /** how a person gets it */
  install: string | null;
  /** `{host}`, `{port}`, `{user}`, `{authDatabase}`, `{database}`, `{caFile}` stand for their values, `{file:name}` for the path of a file */
  args: string[];
  /** the same, and `{password}` */
  environment: { name: string; value: string }[];
  /** text with the same words in it */
  files: { name: string; content: string }[];
  defaultDatabase: string | null;
  defaultAuthDatabase: string | null;
  /** where the engine's own build on the instance's host has the command; operators only */
  clientFolder: string | null;
}

export async function readConnectSpec(client: Client, id: string, uri: string): Promise<ConnectSpec> {
  const { instance } = await client.request(ConnectSpecDocument, { id }).catch((error: unknown) => {
    if (!(error instanceof Failure) || !['REQUEST.INVALID', 'GRAPHQL_VALIDATION_FAILED', 'CLIENT.FAILED'].includes(error.code)) throw error;
    throw new Failure('this gateway does not tell how people connect', { code: 'CAPABILITY.UNSUPPORTED', remedy: `Upgrade it, or use a client of your own with ${uri}` });
  });
  if (!instance?.connection) throw new Failure('its datastore does not say how people connect', { code: 'CAPABILITY.UNSUPPORTED', remedy: `Use a client of your own with ${uri}` });
  return instance.connection;
}
