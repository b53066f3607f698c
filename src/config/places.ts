/** Where something is written, both from 1. */
export type Place = { readonly line: number; readonly column: number };
type Path = readonly (string | number)[];

/** A text that is read once, from its start to its end. */
type Scan = { readonly text: string; at: number; readonly found: Map<string, number> };

const keyOf = (path: readonly PropertyKey[]): string => JSON.stringify(path);

/**
 * Where the keys and the elements of arrays of a TOML text are written. The text has been parsed before, so that nothing here looks for mistakes;
 * a place that cannot be found is that of what encloses it.
 */
export const findPlaces = (text: string): ((path: readonly PropertyKey[]) => Place) => {
  const scan: Scan = { text, at: 0, found: new Map() };
  scanDocument(scan);
  return (path) => {
    let offset: number | undefined;
    for (let length = path.length; length > 0 && offset === undefined; length -= 1) offset = scan.found.get(keyOf(path.slice(0, length)));
    return toPlace(text, offset ?? 0);
  };
};

const toPlace = (text: string, offset: number): Place => {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
};

const scanDocument = (scan: Scan): void => {
  let table: Path = [];
  const counts = new Map<string, number>();
  for (skipBlank(scan); scan.at < scan.text.length; skipBlank(scan)) {
    const start = scan.at;
    if (scan.text[scan.at] !== "[") {
      scanPair(scan, table);
    } else {
      const isList = scan.text[scan.at + 1] === "[";
      scan.at += isList ? 2 : 1;
      table = place(scan, { start, under: [], keys: readKeys(scan) }, counts);
      if (isList) table = element(scan, { start, path: table }, counts);
      scan.at += isList ? 2 : 1;
    }
    if (scan.at === start) scan.at += 1;
  }
};

/** The next element of a list of tables. */
const element = (scan: Scan, { start, path }: { start: number; path: Path }, counts: Map<string, number>): Path => {
  const index = counts.get(keyOf(path)) ?? 0;
  counts.set(keyOf(path), index + 1);
  return note(scan, [...path, index], start);
};

type Keys = { readonly start: number; readonly under: Path; readonly keys: readonly string[] };

/** Notes each part of a dotted key; a part that is a list of tables means its last element. */
const place = (scan: Scan, { start, under, keys }: Keys, counts: ReadonlyMap<string, number>): Path => {
  let path = under;
  for (const [at, key] of keys.entries()) {
    path = note(scan, [...path, key], start);
    const count = counts.get(keyOf(path));
    if (count !== undefined && at < keys.length - 1) path = [...path, count - 1];
  }
  return path;
};

/** The first place counts: that of the key, not that of a table which it opens again. */
const note = (scan: Scan, path: Path, at: number): Path => {
  if (!scan.found.has(keyOf(path))) scan.found.set(keyOf(path), at);
  return path;
};

const skipBlank = (scan: Scan): void => {
  const blank = /(?:[\s,]|#[^\n]*)*/y;
  blank.lastIndex = scan.at;
  scan.at += blank.exec(scan.text)?.[0].length ?? 0;
};

const readKeys = (scan: Scan): string[] => {
  const keys: string[] = [];
  const part = /[ \t]*(?:"((?:\\.|[^"\\\n])*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))[ \t]*(\.?)/y;
  for (;;) {
    part.lastIndex = scan.at;
    const read = part.exec(scan.text);
    if (!read) return keys;
    scan.at += read[0].length;
    keys.push(read[1] ?? read[2] ?? read[3] ?? "");
    if (read[4] === "") return keys;
  }
};

const scanPair = (scan: Scan, table: Path): void => {
  const path = place(scan, { start: scan.at, under: table, keys: readKeys(scan) }, new Map());
  const equals = /[ \t]*=[ \t]*/y;
  equals.lastIndex = scan.at;
  scan.at += equals.exec(scan.text)?.[0].length ?? 0;
  scanValue(scan, path);
};

const STRINGS = /"""(?:\\[^]|[^\\])*?"""(?!")|'''[^]*?'''(?!')|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s,\]}#]+/y;

const scanValue = (scan: Scan, path: Path): void => {
  const open = scan.text[scan.at];
  if (open !== "[" && open !== "{") {
    STRINGS.lastIndex = scan.at;
    scan.at += STRINGS.exec(scan.text)?.[0].length ?? 0;
    return;
  }
  scan.at += 1;
  let index = 0;
  for (skipBlank(scan); scan.at < scan.text.length && !/[\]}]/.test(scan.text[scan.at] ?? ""); skipBlank(scan)) {
    const start = scan.at;
    if (open === "{") scanPair(scan, path);
    else scanValue(scan, note(scan, [...path, index++], start));
    if (scan.at === start) scan.at += 1;
  }
  scan.at += 1;
};
