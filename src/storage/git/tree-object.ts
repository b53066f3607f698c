import type { Sha } from "../../core/domain/ids.ts";

/** The name has one character for each byte, so that names in any encoding survive. */
export type TreeObjectEntry = { readonly mode: string; readonly name: string; readonly sha: Sha };

export const FOLDER_MODE = "40000";
const ID_BYTES = 20;

/** The bytes of a name as characters. */
export const toByteName = (name: string): string => Buffer.from(name, "utf8").toString("latin1");
export const fromByteName = (name: string): string => Buffer.from(name, "latin1").toString("utf8");

const FILE_TYPE_BITS = 0o170000;
const EXECUTE_BIT = 0o100;

/** The mode that git derives from a stored mode; null if the stored mode is malformed. Old and foreign writers stored others. */
const toKnownMode = (stored: string): string | null => {
  if (!/^[0-7]{1,7}$/.test(stored)) return null;
  const bits = Number.parseInt(stored, 8);
  switch (bits & FILE_TYPE_BITS) {
    case 0o100000:
      return bits & EXECUTE_BIT ? "100755" : "100644";
    case 0o120000:
      return "120000";
    case 0o040000:
      return FOLDER_MODE;
    default:
      return "160000";
  }
};

/** Reads the content of a tree object, in its order, with the modes that git derives; null if the content is malformed. */
export const parseTreeObject = (content: Buffer): TreeObjectEntry[] | null => {
  const entries: TreeObjectEntry[] = [];
  for (let at = 0; at < content.length;) {
    const [space, end] = [content.indexOf(32, at), content.indexOf(0, at)];
    const mode = toKnownMode(content.toString("latin1", at, space));
    if (space < 0 || end <= space + 1 || end + ID_BYTES >= content.length || mode === null) return null;
    const sha = content.toString("hex", end + 1, end + 1 + ID_BYTES);
    entries.push({ mode, name: content.toString("latin1", space + 1, end), sha });
    at = end + 1 + ID_BYTES;
  }
  return entries;
};

/** Git sorts folders by their names with a slash at the end. */
const toSortKey = ({ mode, name }: TreeObjectEntry): string => (mode === FOLDER_MODE ? `${name}/` : name);

/** Formats a tree object as git does. */
export const formatTreeObject = (entries: readonly TreeObjectEntry[]): Buffer => {
  const keyed = entries.map((entry) => ({ entry, key: toSortKey(entry) })).toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return Buffer.concat(
    keyed.flatMap(({ entry }) => [Buffer.from(`${entry.mode} ${entry.name}\0`, "latin1"), Buffer.from(entry.sha, "hex")]),
  );
};
