/**
 * Open streams, whichever transport carries them: they end with the token they were opened with and with the gateway.
 * Subscriptions are counted by token.
 */
import type { Caller } from '../domain/api.ts';
import type { Limits } from '../graphql/limits.ts';

export type EndReason = 'token-ended' | 'shutdown';
export type Transport = 'websocket' | 'sse';
export interface Session {
  /** false: the token has as many live subscriptions as it may */
  openSubscription(): boolean;
  closeSubscription(): void;
  /** of the whole connection; safe to call twice */
  close(): void;
}
export interface Sessions {
  open(caller: Caller, transport: Transport, end: (reason: EndReason) => void): Session;
  /** To be called when a token is revoked, on whichever gateway that was. */
  onTokenRevoked(tokenId: string): void;
  endAll(): void;
}

/** A timer counts 2^31 ms at most; later ends are waited for in pieces. */
const maxTimerMs = 2 ** 31 - 1;

export function createSessions(limits: Pick<Limits, 'maxSubscriptionsPerToken'>, onCount: (transport: Transport, change: 1 | -1) => void = () => {}): Sessions {
  const byToken = new Map<string, { subscriptions: number; ends: Set<(reason: EndReason) => void> }>();
  let isClosing = false;

  function expire(caller: Caller, end: (reason: EndReason) => void): () => void {
    if (caller.expiresAt === null) return () => {};
    const at = Date.parse(caller.expiresAt);
    let timer: NodeJS.Timeout;
    const wait = (): void => {
      const leftMs = at - Date.now();
      timer = setTimeout(leftMs > maxTimerMs ? wait : () => end('token-ended'), Math.max(0, Math.min(leftMs, maxTimerMs)));
      timer.unref();
    };
    wait();
    return () => clearTimeout(timer);
  }

  return {
    open(caller, transport, end) {
      const entry = byToken.get(caller.tokenId) ?? { subscriptions: 0, ends: new Set() };
      byToken.set(caller.tokenId, entry);
      entry.ends.add(end);
      const stopTimer = expire(caller, end);
      let own = 0;
      let isOpen = true;
      if (isClosing) queueMicrotask(() => end('shutdown'));
      return {
        openSubscription() {
          if (!isOpen || entry.subscriptions >= limits.maxSubscriptionsPerToken) return false;
          entry.subscriptions += 1;
          own += 1;
          onCount(transport, 1);
          return true;
        },
        closeSubscription() {
          if (own === 0) return;
          own -= 1;
          entry.subscriptions -= 1;
          onCount(transport, -1);
        },
        close() {
          if (!isOpen) return;
          isOpen = false;
          while (own > 0) this.closeSubscription();
          stopTimer();
          entry.ends.delete(end);
          if (entry.ends.size === 0 && byToken.get(caller.tokenId) === entry) byToken.delete(caller.tokenId);
        },
      };
    },
    onTokenRevoked(tokenId) {
      for (const end of [...(byToken.get(tokenId)?.ends ?? [])]) end('token-ended');
    },
    endAll() {
      isClosing = true;
      for (const { ends } of [...byToken.values()]) for (const end of [...ends]) end('shutdown');
    },
  };
}
