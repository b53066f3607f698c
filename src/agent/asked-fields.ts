/** The fields of a tool call's input, by what they can do. */
export type AskedFields = {
  readonly hasCommand: boolean;
  readonly hasAddress: boolean;
  readonly hasContent: boolean;
  /** Every file that it names. */
  readonly paths: readonly string[];
  /** Whether it holds something whose meaning is not known: another name, or more nesting than is read. */
  readonly hasUnknown: boolean;
};

type FieldKind = "command" | "address" | "path" | "content" | "plain" | "unknown";

const DEEPEST_INPUT = 12;

const WORDS: readonly (readonly [FieldKind, ReadonlySet<string>])[] = [
  ["command", new Set(["script", "scripts", "shell", "bash", "sh", "exec", "execute", "executable", "argv", "program"])],
  ["address", new Set(["href", "link", "links", "endpoint", "website", "host"])],
  ["path", new Set(["dest", "destination", "dst", "target", "targets", "from", "to", "dir", "dirs"])],
  [
    "content",
    new Set(["content", "contents", "text", "string", "str", "source", "patch", "diff", "edits", "replacement", "add", "update"]),
  ],
  [
    "plain",
    new Set(["description", "explanation", "instruction", "reason", "id", "title", "type", "kind", "mode", "encoding", "language", "all"]),
  ],
];

/** Agents spell names in every way, `file_path`, `filePath` and `filepath`: some words count wherever they stand in a name. */
const PARTS: readonly (readonly [FieldKind, RegExp])[] = [
  ["command", /cmd|command/],
  ["address", /ur[il]s?$/],
  ["path", /path|file|folder|directory|notebook/],
];

const kindOfField = (name: string): FieldKind => {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const part = PARTS.find(([, pattern]) => words.some((word) => pattern.test(word)) || pattern.test(words.join("")));
  return part?.[0] ?? WORDS.find(([, known]) => words.some((word) => known.has(word)))?.[0] ?? "unknown";
};

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type Found = { hasCommand: boolean; hasAddress: boolean; hasContent: boolean; paths: string[]; hasUnknown: boolean };
type Field = { readonly kind: FieldKind; readonly depth: number };

/** Reads a tool call's input, with everything that is nested in it. */
export const fieldsOf = (input: unknown): AskedFields => {
  const found: Found = { hasCommand: false, hasAddress: false, hasContent: false, paths: [], hasUnknown: false };
  if (input !== undefined && input !== null) read(found, input, { kind: "unknown", depth: 0 });
  return found;
};

const read = (found: Found, value: unknown, { kind, depth }: Field): void => {
  if (depth > DEEPEST_INPUT) found.hasUnknown = true;
  else if (Array.isArray(value)) for (const each of value) read(found, each, { kind, depth: depth + 1 });
  else if (isRecord(value)) readFields(found, value, depth);
  else note(found, kind, value);
};

const readFields = (found: Found, value: Readonly<Record<string, unknown>>, depth: number): void => {
  for (const [name, each] of Object.entries(value)) {
    // Codex gives the files of a patch as the names of its `changes`.
    if (name === "changes" && isRecord(each)) {
      found.paths.push(...Object.keys(each));
      for (const change of Object.values(each)) read(found, change, { kind: "content", depth: depth + 2 });
      found.hasContent = true;
      continue;
    }
    const kind = kindOfField(name);
    if (kind === "command" && isGiven(each)) found.hasCommand = true;
    if (kind === "address" && isGiven(each)) found.hasAddress = true;
    if (kind === "content" && isGiven(each)) found.hasContent = true;
    read(found, each, { kind, depth: depth + 1 });
  }
};

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false && value !== "";

const note = (found: Found, kind: FieldKind, value: unknown): void => {
  if (typeof value !== "string") return;
  if (kind === "path") found.paths.push(value);
  if (kind === "unknown" && value !== "") found.hasUnknown = true;
};
