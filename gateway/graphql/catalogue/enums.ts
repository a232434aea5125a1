import { capabilities } from '../../../strategies/spi/capability.ts';
import { builder } from '../builder.ts';

const purposes = {
  DATABASES: 'Databases can be made, listed and deleted.',
  USERS: 'Users can be made, listed, changed and deleted.',
  GRANTS: 'Users can be granted and revoked what they may do.',
  ROOT: 'A root account can be enabled and disabled.',
  TLS: 'Connections are encrypted, and the server can be verified with the CA certificate.',
  CONFIGURATION: 'Parameters of the engine can be set by configuration groups.',
  RESIZE: 'An instance can take another flavor.',
  UPGRADE: 'An instance can be brought to another version, or to a newer build of its own.',
} satisfies Record<(typeof capabilities)[number], string>;

export const CapabilityEnum = builder.enumType('Capability', {
  description: 'What a datastore can do. An absent one is answered with an UnsupportedError before anything changes.',
  values: Object.fromEntries(capabilities.map((name) => [name, { description: purposes[name] }])) as Record<(typeof capabilities)[number], { description: string }>,
});

export const ParameterTypeEnum = builder.enumType('ParameterType', {
  description: 'What the values of a parameter are.',
  values: {
    BOOLEAN: { description: '`true` or `false`; the engine\'s own words, such as `on`, are understood.' },
    INTEGER: { description: 'A whole number, a size such as `64MB`, a time such as `30s`, or a formula.' },
    NUMBER: { description: 'As INTEGER, with a fraction.' },
    STRING: { description: 'A text, as the engine understands it.' },
    ENUM: { description: 'One of those in `allowed`.' },
  } as const,
});

export const MaturityEnum = builder.enumType('Maturity', {
  description: 'How far a plugin is, as its authors say.',
  values: {
    EXPERIMENTAL: { description: 'May change or go without notice.' },
    TECHNICAL_PREVIEW: { description: 'Works, and is not yet supported.' },
    STABLE: { description: 'Supported.' },
    UNKNOWN: { description: 'The plugin could not be read.' },
  } as const,
});

export const VisibilityEnum = builder.enumType('Visibility', {
  description: 'Who sees a version and can have instances of it. What is not seen is answered like what does not exist.',
  values: {
    PUBLIC: { description: 'Every project.' },
    PRIVATE: { description: 'The projects that operators name, and operators.' },
  } as const,
});

export const PluginStateEnum = builder.enumType('PluginState', {
  values: { READY: { description: 'In use.' }, DISABLED: { description: 'Refused or switched off; `problem` says why.' } } as const,
});
