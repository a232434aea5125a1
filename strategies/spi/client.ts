/**
 * Runs in a short-lived process with a one-shot login, never in the gateway: connects as a user would (TLS verified
 * against the CA, password) and proves readiness.
 */
export interface ClientTarget {
  host: string; port: number; caCertificate: string; user: string; password: string; database: string | null;
  /** where users belong to a database: the one that `user` logs in at; the engine's usual one when it is left out or null */
  authDatabase?: string | null;
}
export interface ClientHalf {
  /** Connects, authenticates, runs one trivial statement. Throws with the reason. Returns the server's version. */
  verify(target: ClientTarget, signal: AbortSignal): Promise<{ version: string }>;
  /** Connects over TLS without a valid login and proves that the engine refuses it. */
  verifyRefusal(target: Omit<ClientTarget, 'user' | 'password' | 'authDatabase'>, signal: AbortSignal): Promise<void>;
}
