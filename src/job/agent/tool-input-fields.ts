/** The kinds of fields in a tool call's input. */
export type ToolInputFields = {
  readonly hasCommand: boolean;
  readonly hasAddress: boolean;
  readonly hasContent: boolean;
  readonly paths: readonly string[];
  /** Whether a field is unrecognised or nested too deeply to read. */
  readonly hasUnknown: boolean;
};

type InputFieldKind = "command" | "address" | "path" | "content" | "plain" | "unknown";

const MAX_INPUT_DEPTH = 12;

const FIELD_WORDS: readonly (readonly [InputFieldKind, ReadonlySet<string>])[] = [
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

/** Agents spell field names differently (`file_path`, `filePath`, `filepath`), so these words match anywhere in a name. */
const FIELD_WORD_PATTERNS: readonly (readonly [InputFieldKind, RegExp])[] = [
  ["command", /cmd|command/],
  ["address", /ur[il]s?$/],
  ["path", /path|file|folder|directory|notebook/],
];

const classifyField = (name: string): InputFieldKind => {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const part = FIELD_WORD_PATTERNS.find(([, pattern]) => words.some((word) => pattern.test(word)) || pattern.test(words.join("")));
  return part?.[0] ?? FIELD_WORDS.find(([, known]) => words.some((word) => known.has(word)))?.[0] ?? "unknown";
};

export const isInputRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type FoundFields = { hasCommand: boolean; hasAddress: boolean; hasContent: boolean; paths: string[]; hasUnknown: boolean };
type FieldContext = { readonly kind: InputFieldKind; readonly depth: number };

/** Reads a tool call's input, including nested fields. */
export const readInputFields = (input: unknown): ToolInputFields => {
  const found: FoundFields = { hasCommand: false, hasAddress: false, hasContent: false, paths: [], hasUnknown: false };
  if (input !== undefined && input !== null) collectValue(found, input, { kind: "unknown", depth: 0 });
  return found;
};

const collectValue = (found: FoundFields, value: unknown, { kind, depth }: FieldContext): void => {
  if (depth > MAX_INPUT_DEPTH) found.hasUnknown = true;
  else if (Array.isArray(value)) for (const each of value) collectValue(found, each, { kind, depth: depth + 1 });
  else if (isInputRecord(value)) collectFields(found, value, depth);
  else recordFieldValue(found, kind, value);
};

const collectFields = (found: FoundFields, value: Readonly<Record<string, unknown>>, depth: number): void => {
  for (const [name, each] of Object.entries(value)) {
    // Codex uses a patch's file names as keys of `changes`.
    if (name === "changes" && isInputRecord(each)) {
      found.paths.push(...Object.keys(each));
      for (const change of Object.values(each)) collectValue(found, change, { kind: "content", depth: depth + 2 });
      found.hasContent = true;
      continue;
    }
    const kind = classifyField(name);
    if (kind === "command" && isFieldGiven(each)) found.hasCommand = true;
    if (kind === "address" && isFieldGiven(each)) found.hasAddress = true;
    if (kind === "content" && isFieldGiven(each)) found.hasContent = true;
    collectValue(found, each, { kind, depth: depth + 1 });
  }
};

const isFieldGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false && value !== "";

const recordFieldValue = (found: FoundFields, kind: InputFieldKind, value: unknown): void => {
  if (typeof value !== "string") return;
  if (kind === "path") found.paths.push(value);
  if (kind === "unknown" && value !== "") found.hasUnknown = true;
};
