import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { binary, redisCli, withCa } from '../../../support/actions.ts';
import { enginesFolder } from '../../../support/installation.ts';
import { type Filler, type Login, untilRefused } from './filler.ts';

const run = promisify(execFile);

/** What a session waits for are its own writes: commands that belong together go through one. */
const inOneSession = (instance: any, { user, password }: Login, commands: readonly string[]): Promise<string> => withCa(instance, async (caFile) => {
  const [{ host, port }] = instance.endpoints;
  const client = run(await binary(enginesFolder, instance.build, 'redis-cli'), ['-h', host, '-p', String(port), '--tls', '--cacert', caFile, '--user', user, '--no-auth-warning'], { env: { REDISCLI_AUTH: password }, timeout: 30_000 });
  client.child.stdin?.end(`${commands.join('\n')}\n`);
  return (await client).stdout;
});

export const redis: Filler = {
  // Its memory is more than twice the volume. A file that is written anew takes room beside the one there is, and gives it back when there
  // is none: the volume would be full for a moment, and then not.
  datastore: 'redis', version: '8', flavor: 'large', values: [{ name: 'auto-aof-rewrite-percentage', value: '0' }], refusal: /MISCONF|waitaof/, againMs: 20_000,
  fill: (instance, login) => untilRefused(async (n) => {
    const script = "for i = 1, 20 do redis.call('set', 'filled:' .. ARGV[1] .. ':' .. i, string.rep(ARGV[2], 10)) end return 'taken'";
    const answers = await inOneSession(instance, login, [`eval "${script}" 0 ${n} ${randomBytes(75_000).toString('base64')}`, 'waitaof 1 0 5000']);
    // On disk, or it is not taken.
    if (!/^taken\n1\n/.test(answers)) throw new Error(answers.startsWith('taken') ? `waitaof: ${answers}` : answers);
  }),
  count: async (instance, login) => Number(await redisCli(enginesFolder, instance, login, 'eval', "local n = 0 while redis.call('exists', 'filled:' .. n .. ':20') == 1 do n = n + 1 end return n", '0')),
  async write(instance, login) {
    const answer = await redisCli(enginesFolder, instance, login, 'set', 'more', 'x');
    if (answer !== 'OK') throw new Error(answer);
  },
};
