/**
 * Characters with the glyph of ASCII punctuation, or of several: source is `confusables.txt` of Unicode 17 (UTS #39), without what
 * compatibility forms (NFKC), dashes and right-to-left letters cover. Bars, hashes, brackets, stars and equals signs that the source
 * has no entry for are added.
 */
const PUNCTUATION_GLYPHS = [
  String.raw`\u00b4\u00b8\u01c0\u01c1\u01c3\u0241\u0294\u02b9-\u02be\u02c2-\u02c4\u02c6\u02c8\u02ca\u02cb\u02d0\u02d7\u02dc\u02dd`,
  String.raw`\u02ee\u02f4\u02f6\u02f8\u0384\u055a\u055d\u0589\u16ec\u16ed\u1735\u1803\u1809\u1cd3\u1fbd\u1fbf\u1fc0\u1ffd\u1ffe`,
  String.raw`\u2016\u2018-\u201d\u201f\u2025\u2026\u2030-\u2037\u2039\u203a\u203c\u2041\u2043-\u2049\u204e\u2052\u2053\u2057\u205a`,
  String.raw`\u2100\u2101\u2105\u2106\u214b\u2212\u2215-\u2217\u2223\u2225\u2236\u223c\u223d\u226a\u226b\u22d5\u22d8\u22d9\u2317`,
  String.raw`\u2329\u232a\u23d0\u23fd\u244a\u2474-\u24b5\u2500-\u2503\u2550\u2571\u2572\u266f\u26b9\u2731\u2732\u2758-\u275a`,
  String.raw`\u2768-\u276b\u276e-\u2775\u27cb\u27cd\u27e8\u27e9\u29e3\u29f5\u29f8\u29f9\u2a20\u2a74-\u2a76\u2aa5\u2afb\u2afd\u2cf9`,
  String.raw`\u2e28\u2e29\u2f01-\u2f03\u3003\u3008\u3009\u3014\u3015\u3021\u31d1\u31d3\u31d4\ua4fe\ua4ff\ua60e\ua6eb\ua778\ua789`,
  String.raw`\ua78a\ua78c\ufe30\uffe8\u{11dd9}\u{11dda}\u{11de1}\u{16eaa}\u{1ccde}\u{1ccf1}\u{1d114}\u{1d16d}\u{1d20f}\u{1d236}`,
  String.raw`\u{1d237}\u{1d23a}\u{1d23b}\u{1e6e9}\u{1f100}-\u{1f10a}\u{1f110}-\u{1f12a}\u{1f670}`,
].join("");

/** Letters and vowel signs of living scripts with such a glyph: ordinary among letters of their own, misleading elsewhere. */
const PUNCTUATION_LETTERS = [
  String.raw`\u0374\u0903\u097d\u0a83\u13ae\u1433\u1438\u144a\u16b2\u16c1\u16cc\u2cba\u2cbb\u2cc6\u2cc7\u2d4f\u2d51\u3033\u30ce`,
  String.raw`\u4e28\u4e36\u4e3f\ua4f2\ua4f8-\ua4fb\ua4fd\u{1028a}\u{1029b}\u{10309}\u{1031f}\u{16f28}\u{16f3f}\u{16f51}\u{16f52}`,
].join("");

const OWN_LETTER = `(?![${PUNCTUATION_LETTERS}]|\\p{Script=Latin})[\\p{L}\\p{M}]`;

/** Characters that readers take for ASCII punctuation. */
export const PUNCTUATION_LOOKALIKE = new RegExp(
  [
    `[\\p{Pd}${PUNCTUATION_GLYPHS}](?<!-)`,
    `(?<!${OWN_LETTER})[${PUNCTUATION_LETTERS}](?!${OWN_LETTER})`,
    `(?<=\\w)[${PUNCTUATION_LETTERS}]`,
    `[${PUNCTUATION_LETTERS}](?=\\w)`,
  ].join("|"),
  "u",
);

/** A mark without a letter below, which draws a sign of its own: a long solidus over a blank is a slash. */
export const LONE_MARK = /(?<=^|[\s!-/:-@[-`{-~])\p{M}/mu;

/** Latin letters with the glyph of an ASCII letter or digit, by the same source. Turkish writes one of them, the dotless i. */
const LATIN_LETTERS = [
  String.raw`\u0131\u0184\u018d\u0196\u01a6\u01a7\u01b7\u01bc\u01bd\u01c0\u021c\u0222\u0223\u0251\u0261\u0263\u0269\u026a\u026f`,
  String.raw`\u028b\u028f\u1d04\u1d0f\u1d11\u1d1c\u1d20-\u1d22\u1d83\u1d8c\u1e9d\u1eff\ua731\ua75a\ua76a\ua76e\ua798\ua799\ua79f`,
  String.raw`\ua7ab\ua7b2-\ua7b4\uab32\uab35\uab3d\uab47\uab48\uab4e\uab52\uab5a`,
].join("");

export const LATIN_LOOKALIKE = new RegExp(`[${LATIN_LETTERS}]`, "u");
