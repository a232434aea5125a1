/** What a person who typed `npm start` reads. */
export interface Terminal {
  line(text: string): void;
  /** "  store     PostgreSQL 18 is ready" */
  part(name: string, text: string): void;
  warning(text: string): void;
}
// `npm start | head`: a reader that goes away must not take the databases' control plane along.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const nameWidth = 9;
const warningLimit = 200;

export const terminal: Terminal = {
  line: (text) => { process.stdout.write(`${text}\n`); },
  part: (name, text) => { process.stdout.write(`  ${name.padEnd(nameWidth)} ${text}\n`); },
  warning: (text) => { process.stderr.write(`  warning   ${shorten(text)}\n`); },
};

function shorten(text: string): string {
  const first = text.split('\n')[0] ?? '';
  return first.length > warningLimit ? `${first.slice(0, warningLimit)}…` : first;
}

/** "1.9 s", "45 ms" */
export const durationText = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
