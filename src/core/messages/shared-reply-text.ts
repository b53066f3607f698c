import type { CommandSource } from "../domain/command.ts";
import type { Login } from "../domain/ids.ts";
import { toInlineCode } from "./escape.ts";

export type AnsweredText = {
  readonly repositoryUrl: string | undefined;
  readonly issue: number;
  readonly source: CommandSource;
  readonly by: Login;
};

/** Names the text behind the present answer of a shared comment, with a link. */
export const renderAnsweredText = ({ repositoryUrl, issue, source, by }: AnsweredText): string => {
  const page = `${repositoryUrl ?? ".."}/issues/${issue}`;
  const who = toInlineCode(by);
  if (source.kind === "comment") return `Answer to [a comment](${page}#issuecomment-${source.id}) by ${who}:`;
  if (source.kind === "review") return `Answer to [a review](${page}#pullrequestreview-${source.id}) by ${who}:`;
  return `Answer to the text of #${issue} by ${who}:`;
};
