/**
 * The doors to the outside, each with a guard in front from before the plugin is loaded: who took a function with him then
 * meets the guard as well.
 */
import child_process from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import tls from 'node:tls';

type Callable = (...args: unknown[]) => unknown;
export interface Doors {
  /** From now on who goes through one is told by `used`, and does not get through. */
  close(): void;
  readonly used: ReadonlySet<string>;
}

const owners = { fs, 'fs/promises': fs.promises, child_process, net, tls, dns, 'dns/promises': dns.promises, dgram, http, https };
const opens = /^(access|append|chmod|chown|connect|copy|cp|create|exec|fork|get|glob|link|lookup|mkdir|mkdtemp|open|read|rename|request|resolve|reverse|rm|spawn|stat|symlink|truncate|unlink|utimes|watch|write|exists|lstat)/;

export function guardDoors(): Doors {
  const used = new Set<string>();
  let isClosed = false;
  const guards = new Map<Callable, Callable>();

  const guarded = (original: Callable, what: string): Callable => {
    const known = guards.get(original);
    if (known) return known;
    const guard = function (this: unknown, ...args: unknown[]): unknown {
      if (!isClosed) return new.target ? Reflect.construct(original, args, new.target) : Reflect.apply(original, this, args);
      used.add(what);
      throw new Error(`${what} in the control half`);
    };
    guards.set(original, guard);
    // Some carry their own form for `promisify`, some themselves.
    for (const key of Reflect.ownKeys(original)) {
      const own = Object.getOwnPropertyDescriptor(original, key)!;
      Object.defineProperty(guard, key, typeof own.value === 'function' ? { ...own, value: guarded(own.value as Callable, what) } : own);
    }
    return guard;
  };
  const guard = (owner: object, name: string, what: string): void => {
    const found = (owner as Record<string, unknown>)[name];
    if (typeof found === 'function') Object.defineProperty(owner, name, { configurable: true, writable: true, enumerable: true, value: guarded(found as Callable, what) });
  };

  for (const [module, owner] of Object.entries(owners)) {
    for (const name of Object.keys(owner).filter((key) => opens.test(key))) guard(owner, name, `${module}.${name}`);
  }
  for (const name of ['fetch', 'WebSocket', 'EventSource']) guard(globalThis, name, name);
  // Named imports see it too.
  syncBuiltinESMExports();
  return { used, close: () => { isClosed = true; } };
}
