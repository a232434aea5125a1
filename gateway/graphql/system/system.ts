import type { SystemDoc } from '../../domain/api.ts';
import { builder } from '../builder.ts';
import { PluginRef, SystemRef } from '../refs.ts';

const GatewayRef = builder.objectRef<SystemDoc['gateways'][number]>('Gateway').implement({
  description: 'A gateway process that is alive.',
  fields: (t) => ({
    id: t.exposeID('id'),
    address: t.exposeString('address', { description: 'Where agents reach it.' }),
    roles: t.exposeStringList('roles', { description: 'Of: api, worker, conductor, compute.' }),
    seenAt: t.expose('seenAt', { type: 'DateTime' }),
  }),
});

const HostRef = builder.objectRef<SystemDoc['hosts'][number]>('Host').implement({
  description: 'A machine that runs instances.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    region: t.exposeString('region'),
    zone: t.exposeString('zone'),
    facts: t.field({ type: 'JSON', description: 'What its compute role reports: memory, disk, what is in use.', resolve: (host) => host.facts ?? {} }),
    seenAt: t.expose('seenAt', { type: 'DateTime' }),
  }),
});

const AgentCountRef = builder.objectRef<SystemDoc['agents']>('AgentCount').implement({
  fields: (t) => ({
    connected: t.exposeInt('connected', { description: 'Their report stream is open.' }),
    known: t.exposeInt('known', { description: 'There ought to be so many.' }),
  }),
});

const OperationCountRef = builder.objectRef<SystemDoc['operations']>('OperationCount').implement({
  fields: (t) => ({ pending: t.exposeInt('pending'), running: t.exposeInt('running') }),
});

SystemRef.implement({
  description: 'The installation as its operators see it.',
  fields: (t) => ({
    version: t.exposeString('version'),
    generation: t.exposeInt('generation', { description: 'Of the store; rises when it is restored from a backup.' }),
    gateways: t.expose('gateways', { type: [GatewayRef] }),
    hosts: t.expose('hosts', { type: [HostRef] }),
    agents: t.expose('agents', { type: AgentCountRef }),
    plugins: t.field({ type: [PluginRef], description: 'Also those that were refused, with the reason.', resolve: (_system, _args, ctx) => ctx.domain.catalogue.plugins() }),
    operations: t.expose('operations', { type: OperationCountRef }),
  }),
});

builder.queryFields((t) => ({
  system: t.field({ type: SystemRef, extensions: { cost: { own: 50 } }, description: 'Operators only.', resolve: (_root, _args, ctx) => ctx.domain.system(ctx.caller) }),
}));
