/** What lives inside an engine. It is never stored here: lists are read from the engine, changes are operations on it. */
import { builder } from '../builder.ts';
import { defineConnection } from '../connection.ts';
import { faultToApiError } from '../error-types.ts';
import { DatabaseOptionRef, DatabaseRef, DatabaseResultRef, DatabaseUserRef, DatabaseUserResultRef, ErrorRef, GrantRef, UserCredentialsRef } from '../refs.ts';

DatabaseRef.implement({
  description: 'A database inside an engine.',
  fields: (t) => ({
    name: t.exposeString('name'),
    characterSet: t.exposeString('characterSet', { nullable: true }),
    collation: t.exposeString('collation', { nullable: true }),
    options: t.field({ type: [DatabaseOptionRef], description: 'What the engine knows besides, in its own words.', resolve: ({ options }) => options ?? [] }),
    sizeBytes: t.exposeFloat('sizeBytes', { nullable: true, description: 'Null where the engine does not tell.' }),
  }),
});

DatabaseOptionRef.implement({
  description: 'Something about a database that only some engines have; `Datastore.databaseOptions` names them.',
  fields: (t) => ({ name: t.exposeString('name'), value: t.exposeString('value') }),
});

DatabaseUserRef.implement({
  description: 'A login of an engine. Those that Coffer uses itself are not shown.',
  fields: (t) => ({
    name: t.exposeString('name'),
    host: t.string({ nullable: true, description: 'Where the engine has it, part of who the user is.', resolve: (user) => user.host ?? null }),
    authDatabase: t.string({ nullable: true, description: 'The database that the user logs in at, where the engine has that: part of who the user is.', resolve: (user) => user.authDatabase ?? null }),
    grants: t.expose('grants', { type: [GrantRef] }),
  }),
});

GrantRef.implement({
  description: 'What a user may do.',
  fields: (t) => ({
    database: t.exposeString('database', { nullable: true, description: 'Null where the engine has no databases.' }),
    privileges: t.exposeStringList('privileges', { description: 'In the words of the engine.' }),
  }),
});

UserCredentialsRef.implement({
  description: 'A password, told once.',
  fields: (t) => ({
    name: t.exposeString('name'),
    host: t.exposeString('host', { nullable: true }),
    authDatabase: t.exposeString('authDatabase', { nullable: true }),
    password: t.expose('password', { type: 'Secret', nullable: true, description: 'Null when this answers a repeated request (it was told the first time), and when the engine refused to make the user.' }),
  }),
});

DatabaseResultRef.implement({
  description: 'What became of one database.',
  fields: (t) => ({
    name: t.exposeString('name'),
    error: t.field({ type: ErrorRef, nullable: true, description: 'Null: done, or still being done when the operation is still running.', resolve: (item) => (item.fault ? faultToApiError(item.fault) : null) }),
  }),
});

DatabaseUserResultRef.implement({
  description: 'What became of one user.',
  fields: (t) => ({
    name: t.exposeString('name'),
    host: t.exposeString('host', { nullable: true }),
    authDatabase: t.exposeString('authDatabase', { nullable: true }),
    error: t.field({ type: ErrorRef, nullable: true, description: 'Null: done, or still being done when the operation is still running.', resolve: (item) => (item.fault ? faultToApiError(item.fault) : null) }),
  }),
});

export const DatabaseConnection = defineConnection('Database', DatabaseRef, 'databases');
export const DatabaseUserConnection = defineConnection('DatabaseUser', DatabaseUserRef, 'users');

const DatabaseOptionInput = builder.inputType('DatabaseOptionInput', {
  fields: (t) => ({ name: t.string({ required: true }), value: t.string({ required: true }) }),
});

export const DatabaseInput = builder.inputType('DatabaseInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    characterSet: t.string({ description: 'The usual one of the engine when left out.' }),
    collation: t.string(),
    options: t.field({ type: [DatabaseOptionInput], description: 'By the names in `Datastore.databaseOptions`.' }),
  }),
});

export const DatabaseUserInput = builder.inputType('DatabaseUserInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    password: t.field({ type: 'Secret', description: 'Generated and told once when left out.' }),
    host: t.string({ description: 'Where the engine has it.' }),
    authDatabase: t.string({ description: 'The database that the user logs in at, where the engine has that; its usual one when left out.' }),
    databases: t.stringList({ description: 'Databases in which the user gets what an application usually needs.' }),
  }),
});

export const DatabaseUserRefInput = builder.inputType('DatabaseUserRefInput', {
  description: 'Exactly one user: where the engine has hosts or databases to log in at, a name alone is not enough.',
  fields: (t) => ({ name: t.string({ required: true }), host: t.string(), authDatabase: t.string({ description: 'The usual one of the engine when left out.' }) }),
});

export const GrantInput = builder.inputType('GrantInput', {
  fields: (t) => ({
    database: t.string({ description: 'Left out where the engine has no databases.' }),
    privileges: t.stringList({ description: 'In the words of the engine; what an application usually needs when left out.' }),
  }),
});

/** GraphQL tells "left out" and "null" apart, the use cases do not. */
export const withoutNulls = <T extends object>(given: T): { [K in keyof T]: Exclude<T[K], null> } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)) as { [K in keyof T]: Exclude<T[K], null> };
