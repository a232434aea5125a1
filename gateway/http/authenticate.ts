import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlockList } from 'node:net';
import { CofferError } from '../../kernel/errors.ts';
import type { Access, Caller } from '../domain/api.ts';
import { bearerOf, clientAddressOf } from './client.ts';

export interface Authenticator {
  /** Throws ACCESS.UNAUTHENTICATED, or STORE.UNAVAILABLE when nobody can tell. */
  authenticate(request: IncomingMessage, authorization: unknown, requestId: string): Promise<Caller>;
}

export const newRequestId = (): string => `req_${randomUUID()}`;

export const unauthenticated = (message: string): CofferError => new CofferError('ACCESS.UNAUTHENTICATED', message);

const first = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value.join(',') : value);

export function createAuthenticator(access: Pick<Access, 'authenticate'>, proxies: BlockList): Authenticator {
  return {
    async authenticate(request, authorization, requestId) {
      const token = bearerOf(authorization);
      if (token === null) throw unauthenticated('No bearer token came with the request');
      const address = clientAddressOf(request.socket.remoteAddress, first(request.headers['x-forwarded-for']), proxies);
      const caller = await access.authenticate(token, address, requestId);
      if (caller === null) throw unauthenticated('The token is not known, has expired or was revoked');
      return caller;
    },
  };
}

/** Whether there is no token to judge at all. */
export const bearerProblem = (authorization: unknown): boolean => bearerOf(authorization) === null;
