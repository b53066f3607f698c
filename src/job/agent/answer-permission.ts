import type { PermissionOption, RequestPermissionResponse, ToolCallUpdate, ToolKind } from "@agentclientprotocol/sdk";
import type { ToolName } from "../../core/workflow/workflow.ts";
import { type ToolInputFields, readInputFields, isInputRecord } from "./tool-input-fields.ts";

/** Whether an agent may edit files, and with which tools; null means every tool. */
export type AgentRights = {
  readonly canEdit: boolean;
  readonly tools: readonly ToolName[] | null;
  /** The one file that a read-only agent may still write; null for none. */
  readonly report: string | null;
};

export type RequestedCall = Pick<ToolCallUpdate, "kind" | "title" | "locations" | "content" | "rawInput" | "_meta">;

const CHANGING_KINDS: readonly ToolKind[] = ["edit", "delete", "move"];

/** The tools that permit a kind of call; any one suffices. No workflow tool fetches, and a mode switch could lift the limits. */
const TOOLS_BY_CALL_KIND: Readonly<Record<ToolKind, readonly ToolName[] | "any">> = {
  read: ["read"],
  search: ["grep", "glob"],
  edit: ["write", "edit"],
  delete: ["write", "edit", "bash"],
  move: ["write", "edit", "bash"],
  execute: ["bash"],
  fetch: [],
  switch_mode: [],
  think: "any",
  // Enki's own tools have this kind.
  other: "any",
};

export const isKindAllowed = (kind: ToolKind, { canEdit, tools }: Pick<AgentRights, "canEdit" | "tools">): boolean => {
  const needed = TOOLS_BY_CALL_KIND[kind];
  if (!canEdit && (CHANGING_KINDS.includes(kind) || kind === "switch_mode")) return false;
  return tools === null || needed === "any" || needed.some((tool) => tools.includes(tool));
};

/** The kinds of a call, derived from its kind and its fields because some agents omit the kind. `unknown` is a kind outside our table. */
const listCallKinds = ({ kind, content }: RequestedCall, fields: ToolInputFields): ReadonlySet<ToolKind | "unknown"> => {
  const acts = new Set<ToolKind | "unknown">();
  if (kind && kind !== "other") acts.add(Object.hasOwn(TOOLS_BY_CALL_KIND, kind) ? kind : "unknown");
  for (const part of content ?? []) {
    if (part.type === "diff") acts.add("edit");
    if (part.type === "terminal") acts.add("execute");
  }
  if (fields.hasCommand) acts.add("execute");
  if (fields.hasAddress) acts.add("fetch");
  if (fields.hasContent && fields.paths.length > 0) acts.add("edit");
  return acts;
};

const listCallPaths = ({ locations, content }: RequestedCall, { paths }: ToolInputFields): string[] => [
  ...(locations ?? []).map(({ path }) => path),
  ...(content ?? []).flatMap((part) => (part.type === "diff" ? [part.path] : [])),
  ...paths,
];

/**
 * Spellings of Enki's own tools: `mcp__enki__enki_status`, `enki_enki_status`, `enki_status (enki MCP Server)`, `Tool:
 * enki/enki_status`.
 */
const ENKI_TOOL_PATTERN =
  /^(?:tool: ?)?(?:mcp_{1,2})?(?:enki(?:_{1,2}|: ?|[/.]))?enki(?:_[a-z]+)+(?: \(enki mcp server\))?(?:: ?\{.*\})?$/i;

const isEnkiTool = ({ kind, title, _meta: meta }: RequestedCall): boolean => {
  const toolName = isInputRecord(meta?.["claudeCode"]) ? meta["claudeCode"]["toolName"] : null;
  return (!kind || kind === "other") && [title, toolName].some((name) => typeof name === "string" && ENKI_TOOL_PATTERN.test(name.trim()));
};

export type PermissionInput = {
  readonly call: RequestedCall;
  readonly options: readonly PermissionOption[];
  readonly isReport: (path: string) => boolean;
};

const isPlainEdit = (acts: ReadonlySet<string>, { hasUnknown }: ToolInputFields): boolean =>
  acts.size === 1 && acts.has("edit") && !hasUnknown;

/** Whether a call is allowed. Restricted agents may only make calls that are recognised as permitted. */
const isCallAllowed = ({ call, isReport }: PermissionInput, rights: AgentRights): boolean => {
  if (rights.canEdit && rights.tools === null) return true;
  const fields = readInputFields(call.rawInput);
  const acts = listCallKinds(call, fields);
  if (acts.size === 0) return isEnkiTool(call) || rights.tools === null;
  const paths = listCallPaths(call, fields);
  if (isPlainEdit(acts, fields) && paths.length > 0 && paths.every((path) => isReport(path))) return true;
  // A thought names no file, so this call does more than think.
  if (acts.has("think") && paths.length > 0 && rights.tools !== null) return false;
  return [...acts].every((act) => act !== "unknown" && isKindAllowed(act, rights));
};

/** Allows a requested call once, or rejects it if the step has no right to it. */
export const answerPermission = (asked: PermissionInput, rights: AgentRights): RequestPermissionResponse => {
  const wanted = isCallAllowed(asked, rights) ? (["allow_once", "allow_always"] as const) : (["reject_once", "reject_always"] as const);
  const option = wanted.flatMap((each) => asked.options.find((offered) => offered.kind === each) ?? [])[0];
  return { outcome: option ? { outcome: "selected", optionId: option.optionId } : { outcome: "cancelled" } };
};
