import { describe, expect, it } from 'vitest';
import { useSqlConfigurationServer } from '../../support/sql-family/configuration.ts';
import { configurationTests } from './configuration.ts';
import { harnessOptions } from './fixture.ts';

// The other track is in test/full.
configurationTests('11.8');

describe('what the running server does not take, whatever the catalogue says', () => {
  const server = useSqlConfigurationServer({ ...harnessOptions('11.8'), ports: { mariadb: 21_530 }, pluginUrl: import.meta.resolve('./newer-build.ts') });

  it('is refused in a group, and waits for a restart where it is to go back to the server\'s own', async () => {
    const name = 'ft_min_word_len';
    expect(await server.refusal({ [name]: '5' })).toMatchObject({ code: 'REFUSED', message: expect.stringMatching(/^ft_min_word_len: the server does not take it: .*read only/) as string });
    await server.harness.call('stop', ['orderly']);
    await server.configureWith({ [name]: '5' });
    await server.harness.call('start', []);
    expect(await server.read(name)).toEqual({ name, value: '5', pending: null });
    expect(await server.configureWith({ sort_buffer_size: '524288' })).toEqual({ changed: true, restartRequired: [name] });
    expect(await server.read(name)).toEqual({ name, value: '5', pending: '4' });
    expect(await server.read('sort_buffer_size')).toEqual({ name: 'sort_buffer_size', value: '524288', pending: null });
    await server.restart();
    expect(await server.harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
    expect(await server.read(name)).toEqual({ name, value: '4', pending: null });
  });
  it('waits also where the server was not started with it', async () => {
    expect(await server.configureWith({ log_output: 'TABLE' })).toEqual({ changed: true, restartRequired: [] });
    expect(await server.configureWith({})).toEqual({ changed: true, restartRequired: ['log_output'] });
    await server.restart();
    expect(await server.harness.call('configure', [])).toEqual({ changed: false, restartRequired: [] });
  });
});
