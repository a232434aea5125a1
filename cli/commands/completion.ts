import { Argument, type Command } from 'commander';
import { action, type Kit } from '../command/action.ts';
import { addExamples } from '../command/help.ts';
import { type Candidate, decideWanted, globalsAmong, splitLastWord } from '../completion/candidates.ts';
import { lookUp } from '../completion/look-up.ts';
import { completionScripts, type Shell, shells } from '../completion/scripts.ts';
import { printable } from '../output/text.ts';
import type { Session } from '../session/session.ts';

/** Longer than this nobody waits for a completion. */
const lookUpTimeoutMs = 1_500;

export function addCompletionCommands(program: Command, kit: Kit): void {
  const completion = program.command('completion').description('print the completion script for a shell: commands, options, and names the server knows')
    .addArgument(new Argument('<shell>').choices(shells))
    .action(action<object, [Shell]>(kit, async (session, _options, shell) => session.terminal.line(completionScripts[shell].trimEnd())));
  addExamples(completion, [
    { does: 'bash: into ~/.bashrc', description: 'eval "$(coffer completion bash)"' },
    { does: 'zsh: into ~/.zshrc, after compinit', description: 'eval "$(coffer completion zsh)"' },
    { does: 'fish: into ~/.config/fish/config.fish', description: 'coffer completion fish | source' },
  ]);

  program.command('__complete', { hidden: true }).argument('[words...]').helpOption(false).action(async (typed: string[]) => {
    const { words, before } = splitLastWord(typed);
    const session = kit.openWith({ ...globalsAmong(words), timeout: lookUpTimeoutMs });
    const wanted = decideWanted(program, words);
    const partial = words.at(-1) ?? '';
    if (wanted.kind === 'files') return session.terminal.line(':files');
    if (wanted.kind === 'nothing') return;
    const candidates = wanted.kind === 'words' ? wanted.candidates : await lookUpQuietly(session, wanted.of, wanted.words);
    for (const { value, description } of candidates) if (value.startsWith(partial)) session.terminal.line(`${before}${printable(value)}\t${printable(description)}`);
  });
}

const lookUpQuietly = (session: Session, of: string, words: readonly string[]): Promise<Candidate[]> => lookUp(session, of, words).catch(() => []);
