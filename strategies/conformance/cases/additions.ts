/** What the plugin adds to the API, asked beside a real engine: answers have the shape that the SDL promises. */
import { describe, expect, it } from 'vitest';
import { answeredFields } from '../../graphql-additions.ts';
import { answerProblems } from '../addition-answers.ts';
import type { ConformanceFixture } from '../fixture.ts';
import { useSession } from './session.ts';

export function additionCases(fixture: ConformanceFixture): void {
  const { plugin: { manifest }, samples } = fixture;
  if (!manifest.graphql) return;

  describe('additions to the API', () => {
    const session = useSession(fixture, { prepared: true });
    it.each(answeredFields(manifest))('the field %s is answered as the SDL has it', async (field) => {
      const answer = await session.harness.call(`graphql.fields.${field}`, [samples.graphql?.fields?.[field] ?? {}]);
      expect(answerProblems(manifest, field, answer)).toEqual([]);
    });
    it.each(Object.keys(manifest.graphql?.actions ?? {}))('the action %s may be asked for twice', async (action) => {
      const args = samples.graphql?.actions?.[action] ?? {};
      await session.harness.call(`graphql.actions.${action}`, [args], { operationId: 'op_added' });
      await session.harness.call(`graphql.actions.${action}`, [args], { operationId: 'op_added' });
      expect(await session.harness.call('probe', [])).toMatchObject({ state: 'ok' });
    });
  });
}
