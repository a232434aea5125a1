/** Parameters of an engine's configuration, with values as JSON has them. */
import type { ParameterSpec } from '../../../strategies/spi/parameters.ts';
import { reasonNotSettable } from '../../domain/configuration/values.ts';
import { defineConnection } from '../connection.ts';
import { ConfigurationParameterRef } from '../refs.ts';
import { ParameterTypeEnum } from './enums.ts';

export const ConfigurationParameterConnection = defineConnection('ConfigurationParameter', ConfigurationParameterRef, 'parameters');

/** Whole numbers of 64 bits stay texts: JSON's would lose their last digits. */
export function jsonValue(type: ParameterSpec['type'], canonical: string): string | number | boolean {
  switch (type) {
    case 'BOOLEAN': return canonical === 'true';
    case 'INTEGER': case 'NUMBER': return Number.isInteger(Number(canonical)) && !Number.isSafeInteger(Number(canonical)) ? canonical : Number(canonical);
    case 'STRING': case 'ENUM': return canonical;
  }
}

/** Those with the text in their name come first. Engines write names with dashes, dots or underscores, people with spaces. */
export function searchParameters(parameters: ReadonlyMap<string, ParameterSpec>, search: string): ParameterSpec[] {
  const all = [...parameters.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const wanted = folded(search);
  if (wanted === '') return all;
  const named = all.filter(({ name }) => folded(name).includes(wanted));
  return [...named, ...all.filter(({ name, description }) => !folded(name).includes(wanted) && folded(description).includes(wanted))];
}
const folded = (text: string): string => text.trim().toLowerCase().replaceAll(/[-_.\s]+/g, ' ');

ConfigurationParameterRef.implement({
  description: 'A parameter of an engine\'s configuration.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The engine\'s own.' }),
    type: t.expose('type', { type: ParameterTypeEnum }),
    description: t.exposeString('description'),
    default: t.field({ type: 'JSON', nullable: true, description: 'What the engine does without any configuration. Null where it has no default, or works it out by itself.', resolve: (spec) => (spec.default === null ? null : jsonValue(spec.type, spec.default)) }),
    min: t.expose('min', { type: 'JSON', nullable: true, description: 'Counted in `unit`, as are `max` and `default`.' }),
    max: t.expose('max', { type: 'JSON', nullable: true }),
    allowed: t.field({ type: ['JSON'], nullable: true, description: 'The values of an ENUM.', resolve: (spec) => spec.allowed }),
    unit: t.exposeString('unit', { nullable: true, description: 'What a bare number counts: `8kB`, `ms`. Null: nothing.' }),
    dynamic: t.boolean({ description: 'The running engine takes a new value at once; false: its next start does.', resolve: ({ apply }) => apply === 'LIVE' }),
    settable: t.boolean({ description: 'Configuration groups may set it.', resolve: (spec) => reasonNotSettable(spec) === null }),
    reason: t.string({ nullable: true, description: 'Why they may not.', resolve: (spec) => reasonNotSettable(spec) }),
    warning: t.string({ nullable: true, description: 'What to know before setting it, where it endangers data or security.', resolve: ({ warning }) => warning ?? null }),
  }),
});
