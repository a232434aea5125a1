/** Reads `mongod --help`. Pure. */
export interface HelpEntry { default: string | null; allowed: string[] | null; description: string }

const firstLine = /^ {2}(?:-\w \[ )?--(\w+)(?: \])?(.*)$/;

/** By the option's name on the command line. */
export function parseHelp(text: string): ReadonlyMap<string, HelpEntry> {
  const found = new Map<string, { signature: string; words: string[] }>();
  let open: { words: string[] } | undefined;
  for (const line of text.split('\n')) {
    const [, flag, rest = ''] = firstLine.exec(line) ?? [];
    if (flag !== undefined) {
      const [signature = '', ...words] = rest.split(/ {2,}/);
      open = { words };
      found.set(flag, { signature, words });
    } else if (/^ {20,}\S/.test(line)) open?.words.push(line.trim());
    else open = undefined;
  }
  return new Map([...found].map(([flag, { signature, words }]) => [flag, entryOf(signature, words.join(' ').replaceAll(/ +/g, ' ').trim())]));
}

const entryOf = (signature: string, description: string): HelpEntry => ({
  default: /\(=([^()]*)\)$/.exec(signature)?.[1] ?? null,
  allowed: /[[(](\w+(?:\|\w+)+) ?[\])]/.exec(description)?.[1]?.split('|') ?? null,
  description,
});
