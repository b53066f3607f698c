/** Line and column are counted from 1. */
export type TextPosition = { readonly line: number; readonly column: number };
type KeyPath = readonly (string | number)[];

/** A single pass over the text. */
type TomlScan = { readonly text: string; at: number; readonly offsets: Map<string, number> };

const toPathKey = (path: readonly PropertyKey[]): string => JSON.stringify(path);

/** A deeper key has the position of its enclosing key at the given depth. */
const MAX_LOCATED_DEPTH = 32;

/** Locates keys and array elements in a valid TOML text. An unknown path yields the position of its nearest enclosing key. */
export const locateTomlKeys = (text: string): ((path: readonly PropertyKey[]) => TextPosition) => {
  const scan: TomlScan = { text, at: 0, offsets: new Map() };
  scanTomlDocument(scan);
  const positionOf = openLineIndex(text);
  return (path) => {
    let offset: number | undefined;
    for (let length = Math.min(path.length, MAX_LOCATED_DEPTH); length > 0 && offset === undefined; length -= 1)
      offset = scan.offsets.get(toPathKey(path.slice(0, length)));
    return positionOf(offset ?? 0);
  };
};

/** Finds the line of an offset by binary search, because a file with many faults needs many positions. */
const openLineIndex = (text: string): ((offset: number) => TextPosition) => {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
};

const scanTomlDocument = (scan: TomlScan): void => {
  let table: KeyPath = [];
  const counts = new Map<string, number>();
  for (skipTomlBlank(scan); scan.at < scan.text.length; skipTomlBlank(scan)) {
    const start = scan.at;
    if (scan.text[scan.at] !== "[") {
      scanTomlPair(scan, table);
    } else {
      const isList = scan.text[scan.at + 1] === "[";
      scan.at += isList ? 2 : 1;
      table = addDottedKey(scan, { start, parent: [], keys: readDottedKey(scan) }, counts);
      if (isList) table = addListElement(scan, { start, path: table }, counts);
      scan.at += isList ? 2 : 1;
    }
    if (scan.at === start) scan.at += 1;
  }
};

/** Records the next element of an array of tables. */
const addListElement = (scan: TomlScan, { start, path }: { start: number; path: KeyPath }, counts: Map<string, number>): KeyPath => {
  const index = counts.get(toPathKey(path)) ?? 0;
  counts.set(toPathKey(path), index + 1);
  return addPosition(scan, [...path, index], start);
};

type DottedKey = { readonly start: number; readonly parent: KeyPath; readonly keys: readonly string[] };

/** Records each part of a dotted key. A part that names an array of tables refers to its last element. */
const addDottedKey = (scan: TomlScan, { start, parent, keys }: DottedKey, counts: ReadonlyMap<string, number>): KeyPath => {
  let path = parent;
  for (const [at, key] of keys.entries()) {
    path = addPosition(scan, [...path, key], start);
    const count = counts.get(toPathKey(path));
    if (count !== undefined && at < keys.length - 1) path = [...path, count - 1];
  }
  return path;
};

/** The first position counts: a table that is opened again keeps the position of its first key. */
const addPosition = (scan: TomlScan, path: KeyPath, at: number): KeyPath => {
  if (path.length > MAX_LOCATED_DEPTH) return path.slice(0, MAX_LOCATED_DEPTH);
  if (!scan.offsets.has(toPathKey(path))) scan.offsets.set(toPathKey(path), at);
  return path;
};

const skipTomlBlank = (scan: TomlScan): void => {
  const blank = /(?:[\s,]|#[^\n]*)*/y;
  blank.lastIndex = scan.at;
  scan.at += blank.exec(scan.text)?.[0].length ?? 0;
};

const readDottedKey = (scan: TomlScan): string[] => {
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

const scanTomlPair = (scan: TomlScan, table: KeyPath): void => {
  const path = addDottedKey(scan, { start: scan.at, parent: table, keys: readDottedKey(scan) }, new Map());
  const equals = /[ \t]*=[ \t]*/y;
  equals.lastIndex = scan.at;
  scan.at += equals.exec(scan.text)?.[0].length ?? 0;
  scanTomlValue(scan, path);
};

const TOML_SCALAR = /"""(?:\\[^]|[^\\])*?"""(?!")|'''[^]*?'''(?!')|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|[^\s,\]}#]+/y;

const scanTomlValue = (scan: TomlScan, path: KeyPath): void => {
  const open = scan.text[scan.at];
  if (open !== "[" && open !== "{") {
    TOML_SCALAR.lastIndex = scan.at;
    scan.at += TOML_SCALAR.exec(scan.text)?.[0].length ?? 0;
    return;
  }
  scan.at += 1;
  let index = 0;
  for (skipTomlBlank(scan); scan.at < scan.text.length && !/[\]}]/.test(scan.text[scan.at] ?? ""); skipTomlBlank(scan)) {
    const start = scan.at;
    if (open === "{") scanTomlPair(scan, path);
    else scanTomlValue(scan, addPosition(scan, [...path, index++], start));
    if (scan.at === start) scan.at += 1;
  }
  scan.at += 1;
};
