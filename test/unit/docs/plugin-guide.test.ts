/** Every snippet of the guide for plugins is cut out of code that is tested, so that it cannot grow old by itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const guide = readFileSync(join(root, 'docs/plugins.md'), 'utf8');
const blocks = [...guide.matchAll(/(?:<!-- (.+?) -->\n)?```js\n([^]*?)```/g)].map(([, source, text]) => ({ source, text: text ?? '', begins: text?.trim().split('\n')[0] }));

describe('the guide for plugins', () => {
  it('has snippets', () => { expect(blocks.length).toBeGreaterThan(4); });
  it.each(blocks)('$begins … stands in $source', ({ source, text }) => {
    expect(source, 'a snippet names its file in a comment above').toBeTruthy();
    expect(readFileSync(join(root, source ?? ''), 'utf8')).toContain(text);
  });
});
