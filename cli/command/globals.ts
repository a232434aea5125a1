/** Options that every command takes, before or after its name. */
import { type Command, Option } from 'commander';
import { durationMs } from './parse.ts';

export interface GlobalOptions {
  json?: boolean; project?: string; context?: string; url?: string; tokenFile?: string; timeout?: number; color?: boolean; debug?: boolean;
}

export function addGlobalOptions(program: Command): void {
  program
    .addOption(new Option('--json', 'print JSON for programs; lists become arrays, streams one object a line'))
    .addOption(new Option('--project <project>', 'name or id of the project (also COFFER_PROJECT)'))
    .addOption(new Option('--context <context>', 'use this saved login (also COFFER_CONTEXT)'))
    .addOption(new Option('--url <url>', 'address of the GraphQL endpoint (also COFFER_URL)'))
    .addOption(new Option('--token-file <file>', 'read the token from this file (or set COFFER_TOKEN)'))
    .addOption(new Option('--timeout <duration>', 'give up after this long, such as 90s or 5m').argParser(durationMs))
    .addOption(new Option('--no-color', 'no colours (also NO_COLOR)'))
    .addOption(new Option('--debug', 'tell every request on standard error'));
}
