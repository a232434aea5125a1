/** HTTP load: autocannon, ten connections, each with one request on its way. */
import autocannon from 'autocannon';
import { quantile } from './numbers.ts';

export const connections = 10;
export interface LoadRequest {
  url: string;
  token?: string;
  /** the body, or what makes the next one */
  body: string | (() => string);
}
export interface LoadResult { perSecond: number; p50Ms: number; p99Ms: number; requests: number }

const headers = { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' };

export async function load({ url, token, body }: LoadRequest, length: { seconds: number } | { requests: number }): Promise<LoadResult> {
  const latencies: number[] = [];
  const startedAt = performance.now();
  let endedAt = startedAt;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const run = autocannon({
      url, connections, method: 'POST', headers: { ...headers, ...(token ? { authorization: `Bearer ${token}` } : {}) },
      ...('seconds' in length ? { duration: length.seconds } : { amount: length.requests }),
      ...(typeof body === 'string' ? { body } : { requests: [{ setupRequest: (prepared: object) => ({ ...prepared, body: body() }) }] }),
    }, (error, done) => (error ? reject(error) : resolve(done)));
    run.on('response', (_client, _status, _bytes, ms) => {
      latencies.push(ms);
      endedAt = performance.now();
    });
  });
  if (result.non2xx > 0 || result.errors > 0 || result.timeouts > 0) {
    throw new Error(`${url} answered ${result.non2xx} requests with an error, ${result.errors} broke, ${result.timeouts} had no answer in time`);
  }
  // Its own duration is rounded up to the next whole second.
  return { perSecond: latencies.length / ((endedAt - startedAt) / 1_000), p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99), requests: result['2xx'] };
}
