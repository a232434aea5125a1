import type { Command } from 'commander';
import { ViewerDocument } from '../generated/documents.ts';
import { action, type Kit } from '../command/action.ts';
import { readVersion } from '../version.ts';

export function addVersionCommand(program: Command, kit: Kit): void {
  program.command('version').description('versions of this client and of the server, if that can be reached').action(action(kit, async (session) => {
    const client = readVersion();
    // Without a server the client still has a version.
    const server = await session.client().then(async (one) => (await one.request(ViewerDocument, {})).viewer.serverVersion).catch(() => null);
    if (session.isJson) session.terminal.json({ client, server });
    else session.terminal.fields([['client', client], ['server', server ?? 'not reached']]);
  }));
}
