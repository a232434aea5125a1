/** What can be set in an engine's configuration. */
import type { Command } from 'commander';
import { ListParametersDocument, type ListParametersQuery } from '../generated/documents.ts';
import { listAll } from '../api/pages.ts';
import { action, type Kit } from '../command/action.ts';
import { addExamples } from '../command/help.ts';
import { notFoundFailure } from '../failure.ts';
import { findVersion } from './datastore-version.ts';
import { addLimitOption, type LimitOptions, printList } from './listing.ts';

type Version = Extract<NonNullable<ListParametersQuery['node']>, { __typename: 'DatastoreVersion' }>;
type Parameter = NonNullable<Version['parameters']>['edges'][number]['node'];
interface Options extends LimitOptions { search?: string }

const wordsOf = (value: unknown): string => (typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value));

/** Bounds, or what may be chosen. */
export function rangeText({ min, max, allowed }: Pick<Parameter, 'min' | 'max' | 'allowed'>): string {
  if (allowed) return allowed.map(wordsOf).join(' ');
  return min === null && max === null ? '' : `${wordsOf(min)}..${wordsOf(max)}`;
}
/** How a new value gets into a running engine. */
export const changeText = ({ settable, dynamic }: Pick<Parameter, 'settable' | 'dynamic'>): string => (!settable ? 'not by groups' : dynamic ? 'at once' : 'restart');

export function addParametersCommand(datastore: Command, kit: Kit): void {
  const command = datastore.command('parameters').description('what can be set in the configuration of an engine')
    .argument('<datastore>', 'name or id').argument('[version]', 'such as 17; left out: what a new instance gets')
    .option('--search <text>', 'only those with this in their name or description');
  addLimitOption(command).action(action<Options, [string, string | undefined]>(kit, async (session, { search, limit }, name, reference) => {
    const client = await session.client();
    const { id } = await findVersion(client, name, reference);
    const listed = await listAll(client, ListParametersDocument, { id, ...(search === undefined ? {} : { search }) }, ({ node }) => {
      if (node?.__typename !== 'DatastoreVersion' || !node.parameters) throw notFoundFailure(`there are no parameters of ${name} ${reference ?? ''}`.trimEnd());
      return node.parameters;
    }, limit);
    printList<Parameter>(session, 'parameters', listed, [
      { title: 'NAME', value: (parameter) => parameter.name },
      { title: 'TYPE', value: ({ type }) => type },
      { title: 'DEFAULT', value: (parameter) => wordsOf(parameter.default) },
      { title: 'UNIT', value: ({ unit }) => unit },
      { title: 'RANGE', value: rangeText },
      { title: 'CHANGED', value: changeText },
      { title: 'DESCRIPTION', value: ({ description, reason, warning }) => [reason, warning, description].filter((text) => text !== null).join(' ') },
    ]);
  }));
  addExamples(command, [{ description: 'coffer datastore parameters postgresql 17 --search buffers' }]);
}
