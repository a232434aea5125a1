/** The kit's own examination: each deliberately broken plugin is seen, with a message that names the rule. */
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { brokenPlugins } from '../../fixtures/broken-plugins.ts';
import { ROOT } from '../../support/installation.ts';
import { createPluginFolder } from '../../support/plugin-folder.ts';
import { generatePackages } from '../../support/plugin-packages.ts';

const firstPort = '21660';
beforeAll(generatePackages);

describe('a plugin that', () => {
  it.each(brokenPlugins)('$name is seen', async ({ edits, tier, only, state, rule, details }) => {
    const folder = await createPluginFolder(join(ROOT, 'kit/template'));
    try {
      for (const { file, from, to } of edits) await folder.edit(file, from, to);
      const { code, report } = await folder.kit(tier, '--first-port', firstPort, ...(only === undefined ? [] : ['--only', only]));
      const seen = report.results.filter((one) => one.state === state);
      expect(seen.map((one) => one.rule), JSON.stringify(report.results, null, 1)).toContainEqual(expect.stringMatching(rule));
      expect(seen.find((one) => rule.test(one.rule))?.details.join('\n')).toMatch(details);
      expect(code).toBe(state === 'failed' ? 1 : 0);
    } finally {
      await folder.remove();
    }
  });
});
