/** The plugin's client half connects as a user would, in a short-lived process, before anybody is told that it works. */
import type { Step } from '../workflow.ts';
import { brief, secondsMs, type WorkflowDeps } from './deps.ts';
import { type CreateInstanceWork, readInstance } from './instance-facts.ts';

export const verifyStep = (deps: WorkflowDeps): Step<CreateInstanceWork> => ({
  name: 'verify', title: 'Connect as a user would', timeoutMs: secondsMs(30), retry: brief,
  async run(ctx) {
    const { instanceId, datastore } = ctx.input;
    const doc = await readInstance(deps.store, instanceId);
    const endpoint = doc.endpoints[0]!;
    const target = { host: endpoint.host, port: endpoint.port, caCertificate: doc.caCertificate ?? '', database: null };
    const index = ctx.input.users.findIndex((u) => u.grants.length > 0);
    const user = ctx.input.users[index];
    if (user) {
      const { version } = await deps.client.verify(datastore, { ...target, user: user.name, authDatabase: user.authDatabase ?? null, password: ctx.secrets[`user.${index}`]!, database: user.grants[0]!.database }, ctx.signal);
      return { verified: 'login', version };
    }
    await deps.client.verifyRefusal(datastore, target, ctx.signal);
    return { verified: 'tls and refusal of a wrong login' };
  },
});
