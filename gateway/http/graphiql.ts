/**
 * GraphiQL for browsers, offline: one page with everything in it. It is large, so it is loaded with the first visit and
 * kept compressed. The token goes into its headers editor and from there also into subscriptions, which use SSE.
 */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

export interface GraphiqlPage { body: Buffer; headers: readonly string[] }

const welcome = `# Coffer
#
# Put a token into "Headers" below: {"Authorization": "Bearer <token>"}.
# The first one is in $COFFER_HOME/admin-token. Then load the schema again (the round arrow at the left).
#
# Subscriptions work here too: try  subscription { instances { __typename } }

query Instances {
  viewer { actor role }
  instances(first: 20) {
    totalCount
    edges { node { id name status datastoreVersion { name datastore { name } } endpoints { uri } } }
  }
}
`;

/** No host but our own; of scripts only those on the page, by their hash, and the editor's workers made from them. */
function policyFor(html: string): string {
  const hashes = [...html.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map(([, code]) => `'sha256-${createHash('sha256').update(code!).digest('base64')}'`);
  return [
    "default-src 'none'", `script-src ${hashes.join(' ')} blob:`, "worker-src blob: data:", "style-src 'unsafe-inline'", 'img-src data:', 'font-src data:',
    "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  ].join('; ');
}

async function load(): Promise<GraphiqlPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = String(renderGraphiQL({ title: 'Coffer', defaultQuery: welcome, headers: '{"Authorization": "Bearer "}', shouldPersistHeaders: false, subscriptionsProtocol: 'SSE' } as never));
  const headers = ['content-security-policy', policyFor(html), 'content-encoding', 'gzip', 'vary', 'accept, accept-encoding'];
  return { body: await promisify(gzip)(html, { level: 6 }), headers };
}

let page: Promise<GraphiqlPage> | null = null;
export function graphiqlPage(): Promise<GraphiqlPage> {
  return (page ??= load().catch((error: unknown) => {
    page = null;
    throw error;
  }));
}
