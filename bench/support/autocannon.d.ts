declare module 'autocannon' {
  namespace autocannon {
    interface Result { '2xx': number; non2xx: number; errors: number; timeouts: number; duration: number }
    interface Run { on(event: 'response', listener: (client: unknown, status: number, bytes: number, ms: number) => void): void }
  }
  function autocannon(options: Record<string, unknown>, callback: (error: Error | null, result: autocannon.Result) => void): autocannon.Run;
  export default autocannon;
}
