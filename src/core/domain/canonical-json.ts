/** Text is passed on in pieces of at least this size, because appending to a very long string is slow. */
const MIN_PIECE_CHARS = 16_384;

/** An object's keys in insertion order, and its fields in sorted order with their quoted names. */
type ObjectShape = { readonly keys: readonly string[]; readonly fields: readonly { readonly key: string; readonly name: string }[] };

/** Sibling objects mostly have the same keys, so sorted and quoted names are cached. */
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

/** Text that needs no escapes in JSON. */
const UNESCAPED_TEXT = /^[ !#-[\]-~]*$/;

const formatScalar = (value: unknown): string => {
  if (typeof value === "string" && UNESCAPED_TEXT.test(value)) return `"${value}"`;
  return JSON.stringify(value) ?? "null";
};

/** Writes a value as JSON with sorted keys and without undefined fields, in pieces. No piece ends within a character. */
export const writeCanonicalJson = (value: unknown, take: (piece: string) => void): void => {
  const shapeOf = createShapeCache();
  let text = "";
  const append = (end: string): void => {
    text += end;
    if (text.length < MIN_PIECE_CHARS) return;
    take(text);
    text = "";
  };
  const writeArray = (values: readonly unknown[]): void => {
    text += "[";
    for (let at = 0; at < values.length; at += 1) {
      if (at > 0) text += ",";
      write(values[at]);
    }
    append("]");
  };
  const writeObject = (fields: Readonly<Record<string, unknown>>): void => {
    let before = "{";
    for (const { key, name } of shapeOf(Object.keys(fields)).fields) {
      if (fields[key] === undefined) continue;
      text += before + name;
      before = ",";
      write(fields[key]);
    }
    append(before === "{" ? "{}" : "}");
  };
  const write = (each: unknown): void => {
    if (each === null || typeof each !== "object") text += formatScalar(each);
    else if (Array.isArray(each)) writeArray(each);
    // TypeScript narrows to `object`; the fields are read by name.
    else writeObject(each as Readonly<Record<string, unknown>>);
  };
  write(value);
  take(text);
};
