/** The very statement a use case sends, for the bare driver loop to send as well. */
import type { Tx } from '../../gateway/store/tx.ts';

export async function sentBy(useCase: (tx: Tx) => Promise<unknown>): Promise<{ text: string; values: unknown[] }> {
  const sent: { text: string; values: unknown[] }[] = [];
  await useCase({
    query: (text, values = []) => {
      sent.push({ text, values: [...values] });
      return Promise.resolve([]);
    },
    notify() {},
  });
  if (sent.length !== 1) throw new Error(`expected one statement, ${sent.length} were sent`);
  return sent[0]!;
}
