import type { Command } from 'commander';
import { SystemDocument } from '../generated/documents.ts';
import { action, type Kit } from '../command/action.ts';
import { paintWord } from '../output/style.ts';
import { printable } from '../output/text.ts';
import { ageText } from '../output/units.ts';

export function addSystemCommand(program: Command, kit: Kit): void {
  program.command('system').description('the installation: gateways, hosts, agents, plugins (operators)').action(action(kit, async (session) => {
    const { system } = await (await session.client()).request(SystemDocument, {});
    const { terminal } = session;
    if (session.isJson) return terminal.json(system);
    const now = terminal.nowMs();
    terminal.fields([
      ['version', system.version],
      ['generation', system.generation],
      ['agents', `${system.agents.connected} of ${system.agents.known} connected`],
      ['operations', `${system.operations.running} running, ${system.operations.pending} waiting`],
    ]);
    terminal.line();
    terminal.table([
      { title: 'GATEWAY', value: ({ id }) => id }, { title: 'ROLES', value: ({ roles }) => roles.join(' ') }, { title: 'ADDRESS', value: ({ address }) => address },
      { title: 'SEEN', value: ({ seenAt }) => `${ageText(seenAt, now)} ago` },
    ], system.gateways);
    terminal.line();
    terminal.table([
      { title: 'HOST', value: ({ name }) => name }, { title: 'PLACE', value: ({ region, zone }) => `${region}/${zone}` }, { title: 'SEEN', value: ({ seenAt }) => `${ageText(seenAt, now)} ago` },
      { title: 'FACTS', value: ({ facts }) => factsText(facts) },
    ], system.hosts);
    terminal.line();
    terminal.table([
      { title: 'PLUGIN', value: ({ name }) => name }, { title: 'VERSION', value: ({ version }) => version }, { title: 'MATURITY', value: ({ maturity }) => maturity, paint: (text) => paintWord(terminal.style, text) },
      { title: 'ORIGIN', value: ({ origin }) => origin }, { title: 'STATE', value: ({ state, problem }) => (problem ? `${state}: ${printable(problem)}` : state), paint: (text, { state }) => paintWord(terminal.style, state) + text.slice(state.length) },
    ], system.plugins);
  }));
}

/** What a host reports is its compute strategy's own; plain values fit a line. */
const factsText = (facts: unknown): string => (typeof facts === 'object' && facts !== null
  ? Object.entries(facts).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)).map(([name, value]) => `${name}=${String(value)}`).join(' ')
  : '');
