/** How people connect: the words of the plugin's manifest, for clients that put values in place of `{host}` and its like. */
import type { ConnectSpec } from '../../../strategies/spi/manifest.ts';
import type { InstanceDoc } from '../../domain/instance/document.ts';
import { builder } from '../builder.ts';
import { versionOf } from '../catalogue/lookup.ts';
import { InstanceRef } from '../refs.ts';

const ConnectVariableRef = builder.objectRef<{ name: string; value: string }>('ConnectVariable');
const ConnectFileRef = builder.objectRef<{ name: string; content: string }>('ConnectFile');
const ConnectSpecRef = builder.objectRef<{ spec: ConnectSpec; instance: InstanceDoc }>('ConnectSpec');

ConnectVariableRef.implement({
  description: 'A variable of the environment.',
  fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }),
});

ConnectFileRef.implement({
  description: 'A file that the client reads: for its owner alone, and gone with the client.',
  fields: (t) => ({ name: t.exposeString('name'), content: t.exposeString('content') }),
});

ConnectSpecRef.implement({
  description: 'How a person connects with the stock client of the engine. `{host}`, `{port}`, `{user}`, `{authDatabase}`, `{database}` and `{caFile}` stand for their values, `{file:name}` for the path of a file.',
  fields: (t) => ({
    command: t.string({ resolve: ({ spec }) => spec.command }),
    install: t.string({ nullable: true, description: 'How a person gets the command who does not have it; null where the plugin does not say.', resolve: ({ spec }) => spec.install ?? null }),
    args: t.stringList({ resolve: ({ spec }) => [...spec.args] }),
    environment: t.field({
      type: [ConnectVariableRef], description: 'Here and in files `{password}` may stand: never on a command line.',
      resolve: ({ spec }) => Object.entries(spec.environment).map(([name, value]) => ({ name, value })),
    }),
    files: t.field({ type: [ConnectFileRef], resolve: ({ spec }) => Object.entries(spec.files ?? {}).map(([name, content]) => ({ name, content })) }),
    defaultDatabase: t.string({ nullable: true, description: 'Used when the person names none.', resolve: ({ spec }) => spec.defaultDatabase ?? null }),
    defaultAuthDatabase: t.string({ nullable: true, description: 'Where the user logs in when its `authDatabase` is not known. Null where users belong to no database.', resolve: ({ spec }) => spec.defaultAuthDatabase ?? null }),
    clientFolder: t.string({
      nullable: true, extensions: { cost: { own: 20 } }, description: 'Where the client of the instance\'s own build is, on the host of the instance. Operators only.',
      async resolve({ instance }, _args, ctx) {
        if (ctx.caller.role !== 'OPERATOR') return null;
        const { builds } = await ctx.domain.engineSource(versionOf(ctx.domain.catalogue, instance).id);
        return builds?.find(({ id }) => id === instance.buildId)?.binDir ?? null;
      },
    }),
  }),
});

builder.objectField(InstanceRef, 'connection', (t) => t.field({
  type: ConnectSpecRef, nullable: true, description: 'How a person connects; null where the datastore does not say.',
  resolve(instance, _args, ctx) {
    const spec = ctx.domain.catalogue.manifest(versionOf(ctx.domain.catalogue, instance).datastore)?.connect;
    return spec ? { spec, instance } : null;
  },
}));
