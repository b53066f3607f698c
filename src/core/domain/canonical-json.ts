/** Characters after which a piece of text is handed on: texts that are put together for long cost more than what is in them. */
const MIN_PIECE_CHARS = 16_384;

/** The names of an object's fields as they stand, and what is written for them in their order. */
type ObjectShape = { readonly keys: readonly string[]; readonly fields: readonly { readonly key: string; readonly name: string }[] };

/** Objects that stand side by side mostly have the same fields: their names are sorted and quoted once. */
const createShapeCache = () => {
  const known = new Map<string, ObjectShape>();
  return (keys: readonly string[]): ObjectShape => {
    const first = keys[0] ?? "";
    const last = known.get(first);
    if (last?.keys.length === keys.length && last.keys.every((key, at) => key === keys[at])) return last;
    const shape = { keys, fields: keys.toSorted().map((key) => ({ key, name: `${JSON.stringify(key)}:` })) };
    known.set(first, shape);
    return shape;
  };
};

/** What stands in quotes as it is. */
const UNESCAPED_TEXT = /^[ !#-[\]-~]*$/;

const formatScalar = (value: unknown): string => {
  if (typeof value === "string" && UNESCAPED_TEXT.test(value)) return `"${value}"`;
  return JSON.stringify(value) ?? "null";
};

/** Writes a value as JSON with sorted keys and without what is undefined, piece by piece: no character is cut in two. */
export const writeCanonicalJson = (value: unknown, take: (piece: string) => void): void => {
  const shapeOf = createShapeCache();
  let text = "";
  const close = (end: string): void => {
    text += end;
    if (text.length < MIN_PIECE_CHARS) return;
    take(text);
    text = "";
  };
  const list = (values: readonly unknown[]): void => {
    text += "[";
    for (let at = 0; at < values.length; at += 1) {
      if (at > 0) text += ",";
      write(values[at]);
    }
    close("]");
  };
  const record = (fields: Readonly<Record<string, unknown>>): void => {
    let before = "{";
    for (const { key, name } of shapeOf(Object.keys(fields)).fields) {
      if (fields[key] === undefined) continue;
      text += before + name;
      before = ",";
      write(fields[key]);
    }
    close(before === "{" ? "{}" : "}");
  };
  const write = (each: unknown): void => {
    if (each === null || typeof each !== "object") text += formatScalar(each);
    else if (Array.isArray(each)) list(each);
    // An object's own fields are looked up by their names.
    else record(each as Readonly<Record<string, unknown>>);
  };
  write(value);
  take(text);
};
