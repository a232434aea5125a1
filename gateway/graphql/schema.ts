/** The public schema. Every noun adds its part to the builder when it is imported; nothing here knows them by name. */
import { lexicographicSortSchema, type GraphQLSchema, printSchema } from 'graphql';
import './error-types.ts';
import './node.ts';
import './catalogue/flavor.ts';
import './catalogue/queries.ts';
import './catalogue/mutations.ts';
import './instance/parts.ts';
import './instance/connection.ts';
import './instance/queries.ts';
import './instance/mutations.ts';
import './instance/upgrade.ts';
import './instance/subscriptions.ts';
import './engine-object/mutations.ts';
import './configuration/instance-fields.ts';
import './configuration/queries.ts';
import './configuration/mutations.ts';
import './operation/mutations.ts';
import './operation/subscriptions.ts';
import './event/subscriptions.ts';
import './access/viewer.ts';
import './access/mutations.ts';
import './system/system.ts';
import { builder } from './builder.ts';

export const schema: GraphQLSchema = builder.toSchema({ sortSchema: false });
export const printedSchema = (): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
