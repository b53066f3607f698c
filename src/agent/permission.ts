import type { PermissionOption, RequestPermissionResponse, ToolKind } from "@agentclientprotocol/sdk";

const CHANGES: readonly ToolKind[] = ["edit", "delete", "move"];

/** Answers an agent's request: everything in its own workspace is allowed once, but nothing that changes files to an agent that may not edit. */
export const answerPermission = (
  kind: ToolKind | null | undefined,
  options: readonly PermissionOption[],
  canEdit: boolean,
): RequestPermissionResponse => {
  const allowed = canEdit || !CHANGES.includes(kind ?? "other");
  const wanted = allowed ? (["allow_once", "allow_always"] as const) : (["reject_once", "reject_always"] as const);
  const option = wanted.flatMap((each) => options.find((offered) => offered.kind === each) ?? [])[0];
  return { outcome: option ? { outcome: "selected", optionId: option.optionId } : { outcome: "cancelled" } };
};
