/** Every character set and collation of MariaDB 10.11 and 11.8, as a test compares them with the servers' own lists. */
import type { CollationTable } from '../sql-family/collations.ts';

/** By the Unicode 14 collation algorithm, in every combination. */
const languages = [
  'croatian czech danish esperanto estonian german2 hungarian icelandic latvian lithuanian persian polish romanian roman sinhala slovak slovenian',
  'spanish2 spanish swedish turkish vietnamese',
].join(' ').split(' ');
const strengths = ['ai_ci', 'ai_cs', 'as_ci', 'as_cs'];
const unicode14 = ['', ...languages.map((language) => `${language}_`)]
  .flatMap((language) => ['', 'nopad_'].flatMap((padding) => strengths.map((strength) => `uca1400_${language}${padding}${strength}`)));

/** Of every Unicode character set. */
const unicode = [
  'bin croatian_ci croatian_mysql561_ci czech_ci danish_ci esperanto_ci estonian_ci general_nopad_ci german2_ci hungarian_ci icelandic_ci latvian_ci',
  'lithuanian_ci myanmar_ci nopad_bin persian_ci polish_ci romanian_ci roman_ci sinhala_ci slovak_ci slovenian_ci spanish2_ci spanish_ci swedish_ci',
  'thai_520_w2 turkish_ci unicode_520_ci unicode_520_nopad_ci unicode_ci unicode_nopad_ci vietnamese_ci',
].join(' ');
const unicodeSet = (...more: string[]): string => ['general_ci', unicode, ...more, ...unicode14].join(' ');

const early: CollationTable = {
  utf8mb4: unicodeSet(),
  armscii8: 'general_ci bin general_nopad_ci nopad_bin',
  ascii: 'general_ci bin general_nopad_ci nopad_bin',
  big5: 'chinese_ci bin chinese_nopad_ci nopad_bin',
  binary: '=binary',
  cp1250: 'general_ci bin croatian_ci czech_cs general_nopad_ci nopad_bin polish_ci',
  cp1251: 'general_ci bin bulgarian_ci general_cs general_nopad_ci nopad_bin ukrainian_ci',
  cp1256: 'general_ci bin general_nopad_ci nopad_bin',
  cp1257: 'general_ci bin general_nopad_ci lithuanian_ci nopad_bin',
  cp850: 'general_ci bin general_nopad_ci nopad_bin',
  cp852: 'general_ci bin general_nopad_ci nopad_bin',
  cp866: 'general_ci bin general_nopad_ci nopad_bin',
  cp932: 'japanese_ci bin japanese_nopad_ci nopad_bin',
  dec8: 'swedish_ci bin nopad_bin swedish_nopad_ci',
  eucjpms: 'japanese_ci bin japanese_nopad_ci nopad_bin',
  euckr: 'korean_ci bin korean_nopad_ci nopad_bin',
  gb2312: 'chinese_ci bin chinese_nopad_ci nopad_bin',
  gbk: 'chinese_ci bin chinese_nopad_ci nopad_bin',
  geostd8: 'general_ci bin general_nopad_ci nopad_bin',
  greek: 'general_ci bin general_nopad_ci nopad_bin',
  hebrew: 'general_ci bin general_nopad_ci nopad_bin',
  hp8: 'english_ci bin english_nopad_ci nopad_bin',
  keybcs2: 'general_ci bin general_nopad_ci nopad_bin',
  koi8r: 'general_ci bin general_nopad_ci nopad_bin',
  koi8u: 'general_ci bin general_nopad_ci nopad_bin',
  latin1: 'swedish_ci bin danish_ci general_ci general_cs german1_ci german2_ci nopad_bin spanish_ci swedish_nopad_ci',
  latin2: 'general_ci bin croatian_ci czech_cs general_nopad_ci hungarian_ci nopad_bin',
  latin5: 'turkish_ci bin nopad_bin turkish_nopad_ci',
  latin7: 'general_ci bin estonian_cs general_cs general_nopad_ci nopad_bin',
  macce: 'general_ci bin general_nopad_ci nopad_bin',
  macroman: 'general_ci bin general_nopad_ci nopad_bin',
  sjis: 'japanese_ci bin japanese_nopad_ci nopad_bin',
  swe7: 'swedish_ci bin nopad_bin swedish_nopad_ci',
  tis620: 'thai_ci bin nopad_bin thai_nopad_ci',
  ucs2: unicodeSet('general_mysql500_ci'),
  ujis: 'japanese_ci bin japanese_nopad_ci nopad_bin',
  utf16: unicodeSet(),
  utf16le: 'general_ci bin general_nopad_ci nopad_bin',
  utf32: unicodeSet(),
  utf8mb3: unicodeSet('general_mysql500_ci'),
};

/** 11.8 knows those of MySQL's Unicode 9, and takes Unicode 14 where none is named. */
const unicode9 = [
  '0900_ai_ci 0900_as_ci 0900_as_cs 0900_bin cs_0900_ai_ci cs_0900_as_cs da_0900_ai_ci da_0900_as_cs de_pb_0900_ai_ci de_pb_0900_as_cs eo_0900_ai_ci',
  'eo_0900_as_cs es_0900_ai_ci es_0900_as_cs es_trad_0900_ai_ci es_trad_0900_as_cs et_0900_ai_ci et_0900_as_cs general1400_as_ci hr_0900_ai_ci',
  'hr_0900_as_cs hu_0900_ai_ci hu_0900_as_cs is_0900_ai_ci is_0900_as_cs la_0900_ai_ci la_0900_as_cs lt_0900_ai_ci lt_0900_as_cs lv_0900_ai_ci',
  'lv_0900_as_cs pl_0900_ai_ci pl_0900_as_cs ro_0900_ai_ci ro_0900_as_cs sk_0900_ai_ci sk_0900_as_cs sl_0900_ai_ci sl_0900_as_cs sv_0900_ai_ci',
  'sv_0900_as_cs tr_0900_ai_ci tr_0900_as_cs vi_0900_ai_ci vi_0900_as_cs',
].join(' ');
const preferred = (words: string | undefined): string => `uca1400_ai_ci ${(words ?? '').replace(/ uca1400_ai_ci( |$)/, '$1')}`;
const late: CollationTable = {
  ...early,
  utf8mb4: `${preferred(early['utf8mb4'])} ${unicode9}`,
  utf8mb3: `${preferred(early['utf8mb3'])} general1400_as_ci`,
  ...Object.fromEntries(['ucs2', 'utf16', 'utf32'].map((name) => [name, preferred(early[name])])),
};

export const collationsOfTrack = (track: string): CollationTable => (track === '10.11' ? early : late);
