import type { PermissionOption, RequestPermissionResponse, ToolKind } from "@agentclientprotocol/sdk";
import type { Tool } from "../workflow/workflow.ts";

/** What an agent may do: change files, and with which of the tools; null for all of them. */
export type Rights = { readonly canEdit: boolean; readonly tools: readonly Tool[] | null };

const CHANGES: readonly ToolKind[] = ["edit", "delete", "move"];

/** The tools of which one is needed for a kind of call; kinds that are not here need none. */
const NEEDED: Readonly<Partial<Record<ToolKind, readonly Tool[]>>> = {
  read: ["read"],
  search: ["grep", "glob"],
  edit: ["write", "edit"],
  delete: ["write", "edit", "bash"],
  move: ["write", "edit", "bash"],
  execute: ["bash"],
};

/** True where a kind of call is within the rights. */
export const mayDo = (kind: ToolKind, { canEdit, tools }: Rights): boolean => {
  const needed = NEEDED[kind];
  if (!canEdit && CHANGES.includes(kind)) return false;
  return tools === null || needed === undefined || needed.some((tool) => tools.includes(tool));
};

/** Answers an agent's request: everything in its own workspace is allowed once, but nothing that its step has no right to. */
export const answerPermission = (
  kind: ToolKind | null | undefined,
  options: readonly PermissionOption[],
  rights: Rights,
): RequestPermissionResponse => {
  const allowed = mayDo(kind ?? "other", rights);
  const wanted = allowed ? (["allow_once", "allow_always"] as const) : (["reject_once", "reject_always"] as const);
  const option = wanted.flatMap((each) => options.find((offered) => offered.kind === each) ?? [])[0];
  return { outcome: option ? { outcome: "selected", optionId: option.optionId } : { outcome: "cancelled" } };
};
