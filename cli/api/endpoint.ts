import { usageFailure } from '../failure.ts';

/** `localhost:8779`, `https://coffer.example` and the full URL all name the GraphQL endpoint. */
export function parseEndpoint(text: string): string {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = URL.parse(hasScheme ? text : `http://${text}`);
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw usageFailure(`"${text}" is not an HTTP address`, 'Give one like http://127.0.0.1:8779/graphql');
  if (url.username !== '' || url.password !== '') throw usageFailure('the address must not hold a user or password', 'Tokens come from --token-file, COFFER_TOKEN or `coffer login`');
  if (url.pathname === '/') url.pathname = '/graphql';
  url.hash = '';
  return url.href;
}

export const webSocketUrl = (endpoint: string): string => endpoint.replace(/^http/, 'ws');

/** On the machine itself: what is sent there is not seen by a network. */
export function isLoopback(endpoint: string): boolean {
  const name = new URL(endpoint).hostname;
  return name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}
