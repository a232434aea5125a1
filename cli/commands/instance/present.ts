/** Instances as people see them. */
import type { InstanceDetailsFragment, InstanceRowFragment, InstanceStateFragment } from '../../generated/documents.ts';
import type { Column, Field } from '../../output/table.ts';
import { paintWord, type Style } from '../../output/style.ts';
import { printable, printableLines } from '../../output/text.ts';
import { ageText, bytesText, memoryText, momentText, percentText } from '../../output/units.ts';

type Endpoints = InstanceRowFragment['endpoints'];
export const endpointText = (endpoints: Endpoints): string => endpoints.map(({ host, port, role }) => `${host}:${port}${role === 'PRIMARY' ? '' : ` (${role.toLowerCase()})`}`).join(', ');

export const datastoreText = ({ datastore, name }: InstanceRowFragment['datastoreVersion']): string => `${datastore.name} ${name}`;

/** Told where people look, since nobody asks for it. */
const hasNewerBuild = ({ conditions }: { conditions: readonly { type: string }[] }): boolean => conditions.some(({ type }) => type === 'NewerBuild');
const upgradeText = (instance: InstanceDetailsFragment): string | null =>
  (hasNewerBuild(instance) && instance.capabilities.includes('UPGRADE') ? `coffer instance upgrade ${printable(instance.name)} --datastore-version ${instance.datastoreVersion.name}` : null);

const taskText = (task: { kind: string; progress: number } | null): string | null => (task ? `${task.kind} ${percentText(task.progress)}` : null);

export const instanceColumns = (style: Style, nowMs: number, withProject: boolean): Column<InstanceRowFragment>[] => [
  { title: 'NAME', value: ({ name }) => name },
  ...(withProject ? [{ title: 'PROJECT', value: ({ project }: InstanceRowFragment) => project.name }] : []),
  { title: 'STATUS', value: ({ status }) => status, paint: (text) => paintWord(style, text) },
  { title: 'DATASTORE', value: (instance) => `${datastoreText(instance.datastoreVersion)}${hasNewerBuild(instance) ? ' (newer build)' : ''}` },
  { title: 'FLAVOR', value: ({ flavor }) => flavor.name },
  { title: 'VOLUME', value: ({ volume }) => `${volume.sizeGb} GiB`, align: 'right' },
  { title: 'ENDPOINT', value: ({ endpoints }) => endpointText(endpoints) },
  { title: 'TASK', value: ({ task }) => taskText(task) },
  { title: 'AGE', value: ({ createdAt }) => ageText(createdAt, nowMs), align: 'right' },
  { title: 'ID', value: ({ id }) => id },
];

const configurationText = ({ configuration: group, configurationRevision: wanted }: InstanceDetailsFragment): string | null =>
  (group ? `${printable(group.name)}, revision ${wanted}${wanted === group.revision ? '' : `; its newest is ${group.revision}`}` : null);

function volumeText({ sizeGb, type, usedBytes, usedAt, isStale, autoscaling }: InstanceDetailsFragment['volume'], nowMs: number): string {
  const used = usedBytes === null ? '' : `, ${bytesText(usedBytes)} used${isStale ? ` (measured ${usedAt ? momentText(usedAt, nowMs) : 'some time ago'})` : ''}`;
  const grows = autoscaling ? `\ngrows by ${autoscaling.stepGb} GiB at ${autoscaling.thresholdPercent} %, up to ${autoscaling.maxGb} GiB, then rests ${autoscaling.coolDownSeconds} s` : '';
  return `${sizeGb} GiB${type ? ` ${type.name}` : ''}${used}${grows}`;
}

/** What is true or cannot be told; what is plainly not so would only be noise. */
export const noteworthy = <Condition extends { status: string }>(conditions: readonly Condition[]): Condition[] => conditions.filter(({ status }) => status !== 'FALSE');

export function instanceFields(instance: InstanceDetailsFragment, style: Style, nowMs: number): Field[] {
  const { volume, flavor, maintenance, fault } = instance;
  return [
    ['name', style.bold(printable(instance.name))],
    ['id', instance.id],
    ['project', `${instance.project.name} (${instance.project.id})`],
    ['status', paintWord(style, instance.status) + (instance.status === 'ACTIVE' || instance.intent === 'RUNNING' ? '' : ' (shall not run)')],
    ['fault', fault ? style.red(`${printableLines(fault.message)} (${fault.code})`) : null],
    ['conditions', noteworthy(instance.conditions).map(({ type, status, reason, message }) => `${type}${status === 'UNKNOWN' ? '?' : ''} (${reason}): ${printableLines(message)}`).join('\n')],
    ['task', instance.task ? `${taskText(instance.task)} (${instance.task.id})` : null],
    ['datastore', `${datastoreText(instance.datastoreVersion)}${instance.build ? `, runs ${instance.build}` : ''}`],
    ['newer build', upgradeText(instance)],
    ['flavor', `${flavor.name}: ${flavor.vcpus} vCPU, ${memoryText(flavor.memoryMb)}`],
    ['volume', volumeText(volume, nowMs)],
    ['role', instance.role === 'STANDALONE' ? null : instance.role],
    ['endpoint', instance.endpoints.map(({ host, port, role, tls, uri }) => `${host}:${port} ${role.toLowerCase()}${tls ? ', TLS only' : ''}\n${printable(uri)}`).join('\n')],
    ['configuration', configurationText(instance)],
    ['capabilities', instance.capabilities.join(', ')],
    ['root', instance.rootEnabledEver ? 'was enabled at least once' : null],
    ['protected', instance.deletionProtection ? 'cannot be deleted' : null],
    ['maintenance', maintenance ? `${maintenance.day.toLowerCase()} ${maintenance.start} UTC, ${maintenance.durationMinutes} minutes` : null],
    ['tags', instance.tags.map(({ key, value }) => `${printable(key)}=${printable(value)}`).join(', ')],
    ['place', [instance.region, instance.zone, instance.hostId].filter((part) => part).join(' / ')],
    ['revision', instance.revision],
    ['created', momentText(instance.createdAt, nowMs)],
    ['updated', momentText(instance.updatedAt, nowMs)],
    ['deleted', instance.deletedAt ? momentText(instance.deletedAt, nowMs) : null],
  ];
}

type Conditions = InstanceStateFragment['conditions'];

/** What is new among the conditions, shortly: engines tell their last log lines, which `show` has. */
function newsOf(conditions: Conditions, before: Conditions): string {
  const shortly = ({ message, reason }: Conditions[number]): string => printable((message || reason).split('\n')[0]!);
  const isTold = (one: Conditions[number]): boolean => before.some((other) => other.type === one.type && other.status === one.status && shortly(other) === shortly(one));
  return noteworthy(conditions).filter((one) => !isTold(one)).map((one) => `${one.type}${one.status === 'UNKNOWN' ? '?' : ''}: ${shortly(one)}`).join('; ');
}

/** One line for a change of a watched instance, or null when it tells nothing new for people; `before` is the state of the line before. */
export function stateLine(at: string, instance: InstanceStateFragment, before: InstanceStateFragment | undefined, style: Style): string | null {
  const news = newsOf(instance.conditions, before?.conditions ?? []);
  const line = (one: InstanceStateFragment): string => [
    printable(one.name), paintWord(style, one.status), taskText(one.task) ?? '', one === instance ? news : '',
    one.status === 'ACTIVE' ? endpointText(one.endpoints) : '', one.fault ? style.red(printable(one.fault.message)) : '',
  ].filter((part) => part !== '').join('  ');
  return news === '' && before && line(instance) === line(before) ? null : `${style.dim(at)}  ${line(instance)}`;
}
