import type { CommandSource } from "./command.ts";
import type { ReactionTarget } from "./effect.ts";

/** The place for a reaction to a command; null for a review, which has no reactions. */
export const findReactionTarget = ({
  issue,
  source,
}: {
  readonly issue: number;
  readonly source: CommandSource;
}): ReactionTarget | null => {
  switch (source.kind) {
    case "comment":
    case "review-comment":
      return { kind: source.kind, id: source.id };
    case "issue":
    case "label":
    case "assignment":
    case "request":
      return { kind: "issue", number: issue };
    case "review":
      return null;
  }
};
