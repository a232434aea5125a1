/** The small types an instance is made of. */
import { builder } from '../builder.ts';
import { ConditionRef, EndpointRef, FaultRef, MaintenanceWindowRef, OperationRef, TagRef, VolumeRef, VolumeTypeRef } from '../refs.ts';
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
    usedBytes: t.float({ nullable: true, description: 'As last reported; null until it was.', resolve: (instance) => instance.volumeUsedBytes }),
    type: t.field({ type: VolumeTypeRef, nullable: true, resolve: (instance, _args, ctx) => ctx.domain.catalogue.volumeType(instance.volumeType) ?? null }),
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
