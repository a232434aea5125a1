/** Texts that configuration files have another form for: quotes, comments, line ends, blanks at either end, characters of several bytes. */
import fc from 'fast-check';

const signs = [
  '"', "'", '`', '\\', '#', ';', '=', ':', '$', '%', '{', '}', '[', ']', ',', '-', '!', '&', '*', '|', '>', '@', '/', '~', ' ', '\t', '\n', '\r', '\b', '\f', '\v', '\x07', '\x1b', '\x7f',
  '\x85', '\xa0', '\u2028', '\ufeff', 'n', 't', 's', 'x', 'u', 'a', '4', '1', '0', 'ß', '用', '💾',
];
/** What a reader could take for something else than a text. */
const words = ['', ' ', '""', "''", '"', "'", '\\', '\\\\', "\\'", '\\"', '#', '# no comment', '; no comment', 'ends with \\', ' leading and trailing ', 'true', 'null', '~', 'no', '1e3', '0x1f', '007', '- a', 'a: b', '!include /etc/passwd', '[server]', '\\x41\\n', `it's "q"`];

/** Well-formed, and without the character 0, which no file can carry. */
export const nastyText = fc.oneof(fc.string({ unit: fc.constantFrom(...signs), maxLength: 16 }), fc.string({ unit: 'grapheme', maxLength: 40 }), fc.constantFrom(...words))
  .filter((text) => text.isWellFormed() && !text.includes('\0'));
