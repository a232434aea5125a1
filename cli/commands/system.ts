import type { Command } from 'commander';
import { SystemDocument } from '../generated/documents.ts';
import { action, type Kit } from '../command/action.ts';
import { paintWord } from '../output/style.ts';
import { printable } from '../output/text.ts';
import { ageText, bytesText, memoryText } from '../output/units.ts';

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
      { title: 'VCPUS', value: ({ facts }) => factsOf(facts)['vcpus'] as number | undefined, align: 'right' },
      { title: 'MEMORY FREE', value: ({ facts }) => freeText(factsOf(facts), 'memoryAvailableMb', 'memoryTotalMb', memoryText) },
      { title: 'DISK FREE', value: ({ facts }) => freeText(factsOf(facts), 'diskFreeBytes', 'diskTotalBytes', bytesText) },
      { title: 'ISOLATION', value: ({ facts }) => factsOf(facts)['isolation'] as string | undefined },
      { title: 'LIMITS', value: ({ facts }) => ({ true: 'enforced', false: 'not enforced' })[String(factsOf(facts)['limitsEnforced'])] },
    ], system.hosts);
    terminal.line();
    terminal.table([
      { title: 'PLUGIN', value: ({ name }) => name }, { title: 'VERSION', value: ({ version }) => version }, { title: 'MATURITY', value: ({ maturity }) => maturity, paint: (text) => paintWord(terminal.style, text) },
      { title: 'ORIGIN', value: ({ origin }) => origin }, { title: 'STATE', value: ({ state, problem }) => (problem ? `${state}: ${printable(problem)}` : state), paint: (text, { state }) => paintWord(terminal.style, state) + text.slice(state.length) },
    ], system.plugins);
  }));
}

/** What a host reports is its compute strategy's own: what it does not tell stays empty here, and --json has all of it. */
const factsOf = (facts: unknown): Readonly<Record<string, unknown>> => (typeof facts === 'object' && facts !== null ? { ...facts } : {});

function freeText(facts: Readonly<Record<string, unknown>>, free: string, total: string, text: (amount: number) => string): string | null {
  const [left, all] = [facts[free], facts[total]];
  return typeof left === 'number' && typeof all === 'number' ? `${text(left)} of ${text(all)}` : null;
}
