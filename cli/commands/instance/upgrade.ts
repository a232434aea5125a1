import { type Command, Option } from 'commander';
import { RolloutUpgradeDocument, UpgradeCheckDocument, UpgradeInstanceDocument } from '../../generated/documents.ts';
import { accepted } from '../../api/refusal.ts';
import { action, type Kit } from '../../command/action.ts';
import { addExamples, addWaitOptions, type WaitOptions } from '../../command/help.ts';
import { collect, wholeNumber } from '../../command/parse.ts';
import { exitCodes, Failure, usageFailure } from '../../failure.ts';
import { findConfiguration, findInstance } from '../../lookup.ts';
import { printable } from '../../output/text.ts';
import { bytesText } from '../../output/units.ts';
import type { Session } from '../../session/session.ts';
import { finish } from '../../wait/wait-operation.ts';
import { parseValues } from '../configuration/values.ts';
import { printOperation } from '../operation/print.ts';

interface UpgradeOptions extends WaitOptions { datastoreVersion: string; dryRun?: boolean; configuration?: string; takeValues?: boolean; drop?: string[]; set?: string[] }
interface Check {
  findings: readonly { severity: string; subject: string | null; message: string }[] | null;
  estimate: { dataBytes: number; freeBytes: number; reflink: boolean; interruptionMs: number } | null;
}

export function addUpgradeCommand(parent: Command, kit: Kit): void {
  const upgrade = addWaitOptions(parent.command('upgrade').description('bring an instance to another version, or with its own version to the newest build of it').argument('<instance>', 'name or id'))
    .requiredOption('--datastore-version <version>', 'such as 17; see `coffer datastore version list`')
    .option('--dry-run', 'ask the running engine whether it can be done, and change nothing')
    .option('--configuration <configuration>', 'the group for the new version that it has afterwards')
    .option('--take-values', 'make a group for the new version with the values of the present one')
    .addOption(new Option('--drop <parameter>', 'with --take-values: go on without this one; may be repeated').argParser(collect))
    .addOption(new Option('--set <name=value>', 'with --take-values: this value too, or in place of the one it has; may be repeated').argParser(collect))
    .action(action<UpgradeOptions, [string]>(kit, async (session, options, reference) => {
      const { datastoreVersion: version, dryRun, takeValues, drop, set, wait } = options;
      if (takeValues && options.configuration !== undefined) throw usageFailure('--configuration and --take-values exclude each other');
      const client = await session.client();
      const { id } = await findInstance(session, client, reference);
      const configurationId = options.configuration === undefined ? undefined : (await findConfiguration(session, client, options.configuration)).id;
      const configuration = configurationId === undefined && !takeValues && !drop && !set ? undefined : { configurationId, drop, set: set && parseValues(set) };
      const answer = acceptedHere((await client.request(UpgradeInstanceDocument, { input: { instanceId: id, version, dryRun, configuration } })).result);
      if (!dryRun) {
        tellFindings(session, answer.findings);
        return printOperation(session, client, answer.operation, wait);
      }
      const operation = await finish(session, client, answer.operation, true);
      const { node } = await client.request(UpgradeCheckDocument, { id: operation.id });
      const { findings, estimate }: Check = node?.__typename === 'Operation' ? node : { findings: null, estimate: null };
      if (session.isJson) session.terminal.json({ operation, findings, estimate });
      else tellCheck(session, { findings, estimate });
      if (findings?.some(({ severity }) => severity === 'ERROR')) throw new Failure('the instance cannot be upgraded as it is', { code: 'PRECONDITION.STATE', exitCode: exitCodes.failure, remedy: null });
    }));
  addExamples(upgrade, [
    { description: 'coffer instance upgrade shop --datastore-version 17 --dry-run' },
    { description: 'coffer instance upgrade shop --datastore-version 17 --take-values --drop old_name --set new_name=5' },
  ]);
}

/** A group that has no follower is refused in the API's words: here there are options for it. */
const acceptedHere: typeof accepted = (result) => {
  try {
    return accepted(result);
  } catch (error) {
    if (!(error instanceof Failure) || !error.details.issues?.some(({ path }) => path.join('.') === 'input.configuration')) throw error;
    throw new Failure(error.message, { ...error.details, remedy: 'Name one with --configuration, or add --take-values' });
  }
};

export function addRolloutCommand(parent: Command, kit: Kit): void {
  const rollout = addWaitOptions(parent.command('rollout').description('bring the newest installed build of a version to all its instances: a few first, then in waves; it halts at the first that fails (operators)').argument('<datastore>').argument('<version>', 'such as 17'))
    .addOption(new Option('--canary <number>', 'how many come first').argParser(wholeNumber(1, 50)).default(1))
    .addOption(new Option('--wave-size <number>', 'how many at a time after that').argParser(wholeNumber(1, 50)).default(1))
    .action(action<WaitOptions & { canary: number; waveSize: number }, [string, string]>(kit, async (session, { wait, canary, waveSize }, datastore, version) => {
      const client = await session.client();
      const { operation } = accepted((await client.request(RolloutUpgradeDocument, { input: { datastore, version, canary, waveSize } })).result);
      await printOperation(session, client, operation, wait);
    }));
  addExamples(rollout, [{ description: 'coffer engine rollout postgresql 17 --canary 1 --wave-size 5' }]);
}

function tellFindings(session: Session, findings: Check['findings']): void {
  if (session.isJson) return;
  for (const { severity, subject, message } of findings ?? []) session.terminal.note(`${severity.toLowerCase()}: ${subject ? `${printable(subject)}: ` : ''}${printable(message)}`);
}

function tellCheck(session: Session, { findings, estimate }: Check): void {
  tellFindings(session, findings);
  if (!findings?.some(({ severity }) => severity === 'ERROR')) session.terminal.line('It can be upgraded.');
  if (estimate) session.terminal.line(`${bytesText(estimate.dataBytes)} of data, ${estimate.reflink ? 'copied without copying' : `to be copied, ${bytesText(estimate.freeBytes)} free`}; about ${Math.ceil(estimate.interruptionMs / 1_000)} s without the engine`);
}
