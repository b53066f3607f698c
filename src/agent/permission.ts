import type { PermissionOption, RequestPermissionResponse, ToolCallUpdate, ToolKind } from "@agentclientprotocol/sdk";
import type { Tool } from "../workflow/workflow.ts";

/** What an agent may do: change files, and with which of the tools; null for all of them. */
export type Rights = {
  readonly canEdit: boolean;
  readonly tools: readonly Tool[] | null;
  /** The one file that it may write though it may change no other; null for none. */
  readonly report: string | null;
};

/** A tool call that an agent asks permission for. */
export type AskedCall = Pick<ToolCallUpdate, "kind" | "locations" | "content" | "rawInput">;

const CHANGES: readonly ToolKind[] = ["edit", "delete", "move"];

/** The tools of which one is needed for a kind of call. No tool of a workflow fetches, and a change of mode could take the limits away. */
const NEEDED: Readonly<Record<ToolKind, readonly Tool[] | "any">> = {
  read: ["read"],
  search: ["grep", "glob"],
  edit: ["write", "edit"],
  delete: ["write", "edit", "bash"],
  move: ["write", "edit", "bash"],
  execute: ["bash"],
  fetch: [],
  switch_mode: [],
  think: "any",
  // Enki's own tools are of this kind.
  other: "any",
};

/** Whether a kind of call is within the rights. */
export const mayDo = (kind: ToolKind, { canEdit, tools }: Pick<Rights, "canEdit" | "tools">): boolean => {
  const needed = NEEDED[kind];
  if (!canEdit && (CHANGES.includes(kind) || kind === "switch_mode")) return false;
  return tools === null || needed === "any" || needed.some((tool) => tools.includes(tool));
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What a call does, whatever it calls itself: some agents leave the kind out. */
const kindOf = ({ kind, content, rawInput }: AskedCall): ToolKind => {
  if (kind !== undefined && kind !== null && kind !== "other" && kind !== "think") return kind;
  if (content?.some(({ type }) => type === "diff")) return "edit";
  const input = isRecord(rawInput) ? rawInput : {};
  if (typeof input["command"] === "string") return "execute";
  if (typeof input["url"] === "string") return "fetch";
  return kind ?? "other";
};

/** Under these names agents give the file that a call is about. */
const PATH_KEYS = ["path", "file_path", "filePath", "filepath", "absolute_path", "file", "filename", "target_file", "notebook_path"];

const DEEPEST_INPUT = 4;

/** Files that a call's input names, also those of one edit of several. */
const pathsIn = (input: unknown, depth = 0): string[] => {
  if (depth > DEEPEST_INPUT) return [];
  if (Array.isArray(input)) return input.flatMap((each) => pathsIn(each, depth + 1));
  if (!isRecord(input)) return [];
  return Object.entries(input).flatMap(([key, value]) =>
    typeof value === "string" ? (PATH_KEYS.includes(key) ? [value] : []) : pathsIn(value, depth + 1),
  );
};

/** Every file that a call names. */
const pathsOf = ({ locations, content, rawInput }: AskedCall): string[] => [
  ...(locations ?? []).map(({ path }) => path),
  ...(content ?? []).flatMap((part) => (part.type === "diff" ? [part.path] : [])),
  ...pathsIn(rawInput),
];

export type Asked = {
  readonly call: AskedCall;
  readonly options: readonly PermissionOption[];
  /** Whether a path is the report's. */
  readonly isReport: (path: string) => boolean;
};

/** Answers an agent's request: everything in its own workspace is allowed once, but nothing that its step has no right to. */
export const answerPermission = ({ call, options, isReport }: Asked, rights: Rights): RequestPermissionResponse => {
  const kind = kindOf(call);
  const paths = pathsOf(call);
  const reports = kind === "edit" && paths.length > 0 && paths.every((path) => isReport(path));
  const allowed = reports || mayDo(kind, rights);
  const wanted = allowed ? (["allow_once", "allow_always"] as const) : (["reject_once", "reject_always"] as const);
  const option = wanted.flatMap((each) => options.find((offered) => offered.kind === each) ?? [])[0];
  return { outcome: option ? { outcome: "selected", optionId: option.optionId } : { outcome: "cancelled" } };
};
