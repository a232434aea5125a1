/**
 * What acts on an engine. Each is an operation that is waited for: the answer has a result per item and is final,
 * unless the operation in it still says RUNNING.
 */
import type { EngineActed } from '../../domain/api.ts';
import type { ApiErrorName } from '../error-types.ts';
import { defineMutation, type PayloadBuilder } from '../mutation.ts';
import { DatabaseResultRef, DatabaseUserResultRef, InstanceRef, OperationRef, UserCredentialsRef } from '../refs.ts';
import { DatabaseInput, DatabaseUserInput, DatabaseUserRefInput, GrantInput, withoutNulls } from './types.ts';

const refusals: readonly ApiErrorName[] = ['InvalidInputError', 'NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError', 'UnsupportedError'];

const acted = <Answer extends EngineActed>(t: PayloadBuilder<Answer>) => ({
  instance: t.field({ type: InstanceRef, resolve: (answer) => answer.instance }),
  operation: t.field({ type: OperationRef, description: 'Still RUNNING when the engine is slow: then the results are not final.', resolve: (answer) => answer.operation }),
});
const databaseResults = <Answer extends EngineActed>(t: PayloadBuilder<Answer>) => ({
  ...acted(t),
  results: t.field({ type: [DatabaseResultRef], resolve: (answer) => answer.results }),
});
const userResults = <Answer extends EngineActed>(t: PayloadBuilder<Answer>) => ({
  ...acted(t),
  results: t.field({ type: [DatabaseUserResultRef], resolve: (answer) => answer.results }),
});

defineMutation('createDatabases', {
  description: 'Makes databases.',
  errors: refusals,
  input: (t) => ({
    instanceId: t.id({ required: true }),
    databases: t.field({ type: [DatabaseInput], required: true }),
    idempotencyKey: t.string(),
  }),
  resolve: (ctx, input) => ctx.domain.engine.createDatabases(ctx.caller, { ...input, databases: input.databases.map(withoutNulls) }),
  payload: databaseResults,
});

defineMutation('deleteDatabase', {
  description: 'Removes a database with everything in it. Sessions in it are ended.',
  errors: refusals,
  input: (t) => ({ instanceId: t.id({ required: true }), name: t.string({ required: true }) }),
  resolve: (ctx, input) => ctx.domain.engine.deleteDatabase(ctx.caller, input),
  payload: databaseResults,
});

defineMutation('createDatabaseUsers', {
  description: 'Makes users. A password left out is generated.',
  errors: refusals,
  input: (t) => ({
    instanceId: t.id({ required: true }),
    users: t.field({ type: [DatabaseUserInput], required: true }),
    idempotencyKey: t.string(),
  }),
  resolve: (ctx, input) => ctx.domain.engine.createUsers(ctx.caller, input),
  payload: (t) => ({
    ...userResults(t),
    userCredentials: t.field({ type: [UserCredentialsRef], description: 'Passwords are told here and never again.', resolve: (answer) => answer.userCredentials }),
  }),
});

defineMutation('updateDatabaseUser', {
  description: 'Gives a user another name, host or password. What is left out stays.',
  errors: refusals,
  input: (t) => ({
    instanceId: t.id({ required: true }),
    user: t.field({ type: DatabaseUserRefInput, required: true }),
    name: t.string(),
    host: t.string(),
    password: t.field({ type: 'Secret' }),
  }),
  resolve: (ctx, input) => ctx.domain.engine.updateUser(ctx.caller, { ...input, user: withoutNulls(input.user) }),
  payload: userResults,
});

defineMutation('deleteDatabaseUser', {
  description: 'Removes a user at once: sessions are ended, what it owns is handed over.',
  errors: refusals,
  input: (t) => ({ instanceId: t.id({ required: true }), user: t.field({ type: DatabaseUserRefInput, required: true }) }),
  resolve: (ctx, input) => ctx.domain.engine.deleteUser(ctx.caller, { ...input, user: withoutNulls(input.user) }),
  payload: userResults,
});

defineMutation('grantDatabases', {
  description: 'Lets a user do more.',
  errors: refusals,
  input: (t) => ({
    instanceId: t.id({ required: true }),
    user: t.field({ type: DatabaseUserRefInput, required: true }),
    grants: t.field({ type: [GrantInput], required: true }),
  }),
  resolve: (ctx, input) => ctx.domain.engine.grant(ctx.caller, { ...input, user: withoutNulls(input.user) }),
  payload: userResults,
});

defineMutation('revokeDatabases', {
  description: 'Takes away what a user may do in these databases, at once.',
  errors: refusals,
  input: (t) => ({
    instanceId: t.id({ required: true }),
    user: t.field({ type: DatabaseUserRefInput, required: true }),
    databases: t.stringList({ description: 'Left out where the engine has no databases: everything the user was granted.' }),
  }),
  resolve: (ctx, input) => ctx.domain.engine.revoke(ctx.caller, { ...input, user: withoutNulls(input.user), databases: input.databases ?? [null] }),
  payload: userResults,
});

defineMutation('enableRoot', {
  description: 'Gives the root account a password and lets it in. That it was enabled once is remembered for good.',
  errors: refusals,
  input: (t) => ({ instanceId: t.id({ required: true }), password: t.field({ type: 'Secret', description: 'Generated when left out.' }) }),
  resolve: (ctx, input) => ctx.domain.engine.enableRoot(ctx.caller, input),
  payload: (t) => ({
    ...userResults(t),
    credentials: t.field({ type: UserCredentialsRef, nullable: true, description: 'Told here and never again, also while the operation is still running. Null when the engine refused.', resolve: (answer) => answer.credentials }),
  }),
});

defineMutation('disableRoot', {
  description: 'Shuts the root account out, at once.',
  errors: ['NotFoundError', 'ForbiddenError', 'ConflictError', 'PreconditionError', 'UnsupportedError'],
  input: (t) => ({ instanceId: t.id({ required: true }) }),
  resolve: (ctx, { instanceId }) => ctx.domain.engine.disableRoot(ctx.caller, instanceId),
  payload: userResults,
});
