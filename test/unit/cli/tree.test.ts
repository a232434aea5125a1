import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { leaves, renderCliPage } from '../../../cli/cli-page.ts';
import { commandExamples, commandPath } from '../../../cli/command/help.ts';
import { withOwnVersion } from '../../../cli/command/own-version.ts';
import { decideWanted, globalsAmong, splitLastWord } from '../../../cli/completion/candidates.ts';
import { createProgram } from '../../../cli/program.ts';

const refused: string[] = [];
const program = (): Command => createProgram({ open: () => { throw new Error('opened'); }, openWith: () => { throw new Error('opened'); }, refuse: (why) => void refused.push(why) });
const values = (words: string[]): string[] => {
  const wanted = decideWanted(program(), words);
  return wanted.kind === 'words' ? wanted.candidates.map(({ value }) => value) : [];
};

describe('the tree of commands', () => {
  it('is what docs/reference/cli.md says: node cli/cli-page.ts', () => {
    expect(renderCliPage()).toBe(readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8'));
  });
  it('describes every command, argument and option', () => {
    for (const command of leaves(program())) {
      expect(command.description(), commandPath(command)).not.toBe('');
      for (const option of command.options) expect(option.description, `${commandPath(command)} ${option.flags}`).not.toBe('');
    }
  });
  it('has only examples that its parser understands', async () => {
    const all = [program(), ...leaves(program())].flatMap((command) => commandExamples(command).map(({ description }) => description)).filter((line) => line.startsWith('coffer '));
    expect(all.length).toBeGreaterThan(15);
    for (const line of all) {
      const words = [...line.split(/ (?:&&|\||<) /)[0]!.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c!).slice(1);
      await expect(program().parseAsync(words, { from: 'user' }), line).rejects.toThrow('opened');
    }
  });
  it.each([
    ['coffer --version', 'coffer --version'],
    ['instance create --version 17 x --json', 'instance create --datastore-version 17 x --json'],
    ['--json instance create x --version=17', '--json instance create x --datastore-version=17'],
    ['configuration validate --version 17', 'configuration validate --datastore-version 17'],
    ['instance list --version', 'instance list --version'],
    ['instance create x -- --version', 'instance create x -- --version'],
  ])('knows whose version is meant: %s', (asked, understood) => expect(withOwnVersion(asked.split(' '))).toEqual(understood.split(' ')));
  it('has no option of one letter but -h', () => {
    for (const command of [program(), ...leaves(program())]) for (const { short } of command.options) expect(short).toBeUndefined();
  });
  it.each([[['instanse'], /instance/], [['instance', 'lst'], /list/], [['instance', 'list', '--statsu', 'x'], /--status/]])('suggests what %j may have meant', async (words, suggestion) => {
    refused.length = 0;
    await expect(program().parseAsync(words, { from: 'user' })).rejects.toThrow();
    expect(refused.join()).toMatch(suggestion);
  });
});

describe('completion', () => {
  it('offers commands, and never the hidden one', () => {
    expect(values([''])).toContain('instance');
    expect(values([''])).not.toContain('__complete');
    expect(values(['instance', ''])).toEqual(expect.arrayContaining(['create', 'connect', 'watch']));
  });
  it('offers options of the command and of all commands', () => { expect(values(['instance', 'list', '--'])).toEqual(expect.arrayContaining(['--status', '--json', '--project'])); });
  it('knows what stands at an argument, also after options with values', () => {
    expect(decideWanted(program(), ['instance', 'show', ''])).toMatchObject({ kind: 'lookup', of: 'instance' });
    expect(decideWanted(program(), ['--project', 'web', 'instance', 'show', '--json', ''])).toMatchObject({ kind: 'lookup', of: 'instance' });
    expect(decideWanted(program(), ['engine', 'install', 'some', ''])).toEqual({ kind: 'lookup', of: 'version', words: ['some'] });
    expect(decideWanted(program(), ['user', 'grant', 'shop', 'app', 'one', ''])).toMatchObject({ kind: 'lookup', of: 'databases', words: ['shop', 'app', 'one'] });
  });
  it('knows what stands at arguments and options of a group within a group', () => {
    expect(values(['datastore', 'version', ''])).toEqual(['list', 'show', 'register', 'update', 'delete', 'default']);
    expect(decideWanted(program(), ['datastore', 'version', 'update', 'some', ''])).toEqual({ kind: 'lookup', of: 'version', words: ['some'] });
    expect(decideWanted(program(), ['datastore', 'version', 'update', 'some', '1', '--visible-to', ''])).toMatchObject({ kind: 'lookup', of: 'visibleTo' });
    expect(values(['datastore', 'version', 'update', 'some', '1', '--visibility', ''])).toEqual(['public', 'private']);
    expect(decideWanted(program(), ['flavor', 'delete', ''])).toMatchObject({ kind: 'lookup', of: 'flavor' });
  });
  it('knows what stands after an option', () => {
    expect(decideWanted(program(), ['instance', 'create', 'x', '--flavor', ''])).toMatchObject({ kind: 'lookup', of: 'flavor' });
    expect(values(['token', 'create', 'x', '--role', ''])).toContain('viewer');
    expect(decideWanted(program(), ['--token-file', ''])).toEqual({ kind: 'files' });
  });
  it('knows a value that stands in one word with its option', () => {
    expect(splitLastWord(['instance', 'watch', 'shop', '--until=act'])).toEqual({ words: ['instance', 'watch', 'shop', '--until', 'act'], before: '--until=' });
    expect(splitLastWord(['user', 'create', 'a=b'])).toEqual({ words: ['user', 'create', 'a=b'], before: '' });
    expect(values(['instance', 'watch', 'shop', '--until', ''])).toEqual(expect.arrayContaining(['active', 'deleted']));
  });
  it('offers commands to help, at any depth', () => {
    expect(values(['help', ''])).toContain('instance');
    expect(values(['help', 'instance', ''])).toContain('create');
    expect(decideWanted(program(), ['help', 'instance', 'create', ''])).toEqual({ kind: 'nothing' });
  });
  it('is silent where anything may stand', () => { expect(decideWanted(program(), ['instance', 'create', ''])).toEqual({ kind: 'nothing' }); });
  it('asks the server that the line names', () => {
    expect(globalsAmong(['--context', 'work', 'instance', 'show', '--project=web', ''])).toEqual({ context: 'work', project: 'web' });
    expect(globalsAmong(['instance', 'list', '--context', 'wo'])).toEqual({});
  });
});
