import { builder } from '../builder.ts';

export const InstanceStatusEnum = builder.enumType('InstanceStatus', {
  description: 'What was last observed; the conditions say why.',
  values: {
    BUILDING: { description: 'Being made; it has not worked yet.' },
    ACTIVE: { description: 'The engine answers.' },
    STOPPED: { description: 'Stopped as was asked.' },
    UNHEALTHY: { description: 'It ought to run and the engine does not answer.' },
    UNKNOWN: { description: 'Nothing has been heard from its agent for too long to say.' },
    ERROR: { description: 'Making it failed; `fault` says why. Delete it and make another.' },
    DELETING: { description: 'Being removed.' },
  } as const,
});

export const RunIntentEnum = builder.enumType('RunIntent', {
  values: { RUNNING: { description: 'It shall run.' }, STOPPED: { description: 'It shall not run.' } } as const,
});

export const InstanceRoleEnum = builder.enumType('InstanceRole', {
  description: 'Its part among the instances that hold the same data.',
  values: ['STANDALONE', 'PRIMARY', 'REPLICA', 'MEMBER'] as const,
});

export const EndpointRoleEnum = builder.enumType('EndpointRole', {
  values: { PRIMARY: { description: 'Reads and writes.' }, REPLICA: { description: 'Reads.' } } as const,
});

export const ConditionStatusEnum = builder.enumType('ConditionStatus', { values: ['TRUE', 'FALSE', 'UNKNOWN'] as const });

export const WeekdayEnum = builder.enumType('Weekday', {
  values: ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const,
});
export type Weekday = typeof WeekdayEnum.$inferType;

export const ChangeEnum = builder.enumType('Change', {
  description: 'What an update of a subscription tells.',
  values: {
    SNAPSHOT: { description: 'The present, as the first message.' },
    UPDATED: { description: 'It has changed.' },
    DELETED: { description: 'It is gone; the subscription ends.' },
    RESET: { description: 'The cursor was too old: this is the present again, and changes before it may have been missed.' },
  } as const,
});
