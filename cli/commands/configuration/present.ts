/** Groups as people see them. */
import type { ConfigurationRowFragment, ConfigurationValueRowFragment, ShowConfigurationQuery } from '../../generated/documents.ts';
import type { Column, Field } from '../../output/table.ts';
import { paintWord, type Style } from '../../output/style.ts';
import { printable } from '../../output/text.ts';
import { ageText, momentText } from '../../output/units.ts';
import type { Session } from '../../session/session.ts';

type Attachment = NonNullable<ShowConfigurationQuery['configuration']>['instances']['edges'][number]['node'];

export const versionText = ({ datastoreVersion: { datastore, name } }: ConfigurationRowFragment): string => `${datastore.name} ${name}`;

export const configurationColumns = (nowMs: number, withProject: boolean): Column<ConfigurationRowFragment>[] => [
  { title: 'NAME', value: ({ name }) => name },
  ...(withProject ? [{ title: 'PROJECT', value: ({ project }: ConfigurationRowFragment) => project.name }] : []),
  { title: 'DATASTORE', value: versionText },
  { title: 'REVISION', value: ({ revision }) => revision, align: 'right' },
  { title: 'VALUES', value: ({ values }) => values.length, align: 'right' },
  { title: 'DESCRIPTION', value: ({ description }) => description },
  { title: 'CHANGED', value: ({ updatedAt }) => ageText(updatedAt, nowMs), align: 'right' },
  { title: 'ID', value: ({ id }) => id },
];

export const valuesText = (values: readonly { name: string; value: string }[]): string => values.map(({ name, value }) => printable(`${name}=${value}`)).join('\n');

export const configurationFields = (group: ConfigurationRowFragment, style: Style, nowMs: number): Field[] => [
  ['name', style.bold(printable(group.name))],
  ['id', group.id],
  ['project', `${group.project.name} (${group.project.id})`],
  ['description', group.description && printable(group.description)],
  ['datastore', versionText(group)],
  ['revision', group.revision],
  ['values', valuesText(group.values)],
  ['created', momentText(group.createdAt, nowMs)],
  ['changed', momentText(group.updatedAt, nowMs)],
];

export const attachmentColumns = (group: ConfigurationRowFragment, style: Style): Column<Attachment>[] => [
  { title: 'INSTANCE', value: ({ instance }) => instance?.name },
  { title: 'STATUS', value: ({ instance }) => instance?.status, paint: (text) => paintWord(style, text) },
  { title: 'WANTED', value: ({ revision }) => `${revision}${revision === group.revision ? '' : ' (behind)'}`, align: 'right' },
  { title: 'RUNS', value: ({ appliedRevision }) => appliedRevision, align: 'right' },
  { title: 'WAITS FOR A RESTART', value: ({ restartRequired }) => restartRequired.join(', ') },
];

/** What people should know of the values they have just given. */
export function tellWarnings({ terminal, isJson }: Session, values: readonly ConfigurationValueRowFragment[]): void {
  if (!isJson) for (const { name, warning } of values) if (warning) terminal.note(`Mind ${printable(name)}: ${printable(warning)}`);
}
