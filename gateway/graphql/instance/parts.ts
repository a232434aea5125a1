/** The small types an instance is made of. */
import { isVolumeUseStale } from '../../domain/instance/observation.ts';
import { builder } from '../builder.ts';
import { ConditionRef, EndpointRef, FaultRef, MaintenanceWindowRef, OperationRef, TagRef, VolumeAutoscalingRef, VolumeRef, VolumeTypeRef } from '../refs.ts';
import { ConditionStatusEnum, EndpointRoleEnum, type Weekday, WeekdayEnum } from './enums.ts';

ConditionRef.implement({
  description: 'One thing that is (or is not) so about an instance, and since when: AgentUnreachable, IsolationShared, VolumeNearlyFull…',
  fields: (t) => ({
    type: t.exposeString('type'),
    status: t.expose('status', { type: ConditionStatusEnum }),
    reason: t.exposeString('reason', { description: 'In one word, for programs.' }),
    message: t.exposeString('message', { description: 'For people.' }),
    since: t.expose('since', { type: 'DateTime' }),
  }),
});

EndpointRef.implement({
  description: 'Where applications connect.',
  fields: (t) => ({
    role: t.expose('role', { type: EndpointRoleEnum }),
    host: t.exposeString('host'),
    port: t.exposeInt('port'),
    uri: t.exposeString('uri', { description: 'For the stock client; it has no password in it.' }),
    tls: t.exposeBoolean('tls', { description: 'Connections without TLS are refused.' }),
  }),
});

VolumeRef.implement({
  description: 'The disk space of an instance.',
  fields: (t) => ({
    sizeGb: t.int({ resolve: (instance) => instance.volumeGb }),
    usedBytes: t.float({ nullable: true, description: 'As last measured, to a hundredth of the size; null until it was. What a file system of its own keeps for itself counts as used.', resolve: (instance) => instance.volumeUsedBytes }),
    usedAt: t.field({ type: 'DateTime', nullable: true, description: 'When that was measured.', resolve: (instance) => instance.volumeUsedAt }),
    isStale: t.boolean({ description: 'The use is not known, or was measured more than five minutes ago: it says little about now.', resolve: (instance) => instance.volumeUsedBytes === null || isVolumeUseStale(instance.volumeUsedAt, Date.now()) }),
    type: t.field({ type: VolumeTypeRef, nullable: true, resolve: (instance, _args, ctx) => ctx.domain.catalogue.volumeType(instance.volumeType) ?? null }),
    autoscaling: t.field({ type: VolumeAutoscalingRef, nullable: true, description: 'How it grows by itself; null: it does not.', resolve: (instance) => instance.volumeAutoscaling }),
  }),
});

const autoscalingWords = {
  thresholdPercent: 'It grows when this much of it is used, 10 to 95.', stepGb: 'By so much.', maxGb: 'Up to this size.', coolDownSeconds: 'After a step it rests this long, 60 and more.',
} as const;
VolumeAutoscalingRef.implement({
  description: 'How a volume grows by itself. Each step is an operation, begun by `system`; what keeps it from growing is the condition VolumeCannotGrow.',
  fields: (t) => ({
    thresholdPercent: t.exposeInt('thresholdPercent', { description: autoscalingWords.thresholdPercent }),
    stepGb: t.exposeInt('stepGb', { description: autoscalingWords.stepGb }),
    maxGb: t.exposeInt('maxGb', { description: autoscalingWords.maxGb }),
    coolDownSeconds: t.exposeInt('coolDownSeconds', { description: autoscalingWords.coolDownSeconds }),
  }),
});
export const VolumeAutoscalingInput = builder.inputType('VolumeAutoscalingInput', {
  fields: (t) => ({
    thresholdPercent: t.int({ required: true, description: autoscalingWords.thresholdPercent }),
    stepGb: t.int({ required: true, description: autoscalingWords.stepGb }),
    maxGb: t.int({ required: true, description: autoscalingWords.maxGb }),
    coolDownSeconds: t.int({ required: true, description: autoscalingWords.coolDownSeconds }),
  }),
});

FaultRef.implement({
  description: 'Why an operation failed.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'From the error catalogue.' }),
    message: t.exposeString('message'),
    at: t.expose('at', { type: 'DateTime' }),
    operation: t.field({ type: OperationRef, nullable: true, resolve: (fault, _args, ctx) => (fault.operationId ? ctx.operations.load(fault.operationId) : null) }),
  }),
});

TagRef.implement({
  description: 'A word of your own on an instance.',
  fields: (t) => ({ key: t.exposeString('key'), value: t.exposeString('value') }),
});

MaintenanceWindowRef.implement({
  description: 'When work that disturbs may be done.',
  fields: (t) => ({
    day: t.field({ type: WeekdayEnum, resolve: (window) => window.day as Weekday }),
    start: t.exposeString('start', { description: '`HH:MM` in UTC.' }),
    durationMinutes: t.exposeInt('durationMinutes'),
  }),
});

export const TagInput = builder.inputType('TagInput', {
  fields: (t) => ({ key: t.string({ required: true }), value: t.string({ required: true }) }),
});

export const MaintenanceWindowInput = builder.inputType('MaintenanceWindowInput', {
  fields: (t) => ({
    day: t.field({ type: WeekdayEnum, required: true }),
    start: t.string({ required: true, description: '`HH:MM` in UTC.' }),
    durationMinutes: t.int({ required: true, description: '30 to 1440.' }),
  }),
});
