import { parseComment } from "../../src/core/commands/parse-comment.ts";
import { attackFamily } from "./attack-family.ts";

/** A comment whose rendering on GitHub shows no command, although its source contains one. */
const runComment = ({ comment }: { readonly comment: string }) => {
  const [found] = parseComment(comment);
  return found === undefined ? { stopped: "not-prose" } : { through: JSON.stringify(found) };
};

attackFamily(
  "commands",
  {
    "in a quote": { comment: "> /enki approve" },
    "in a fence that is never closed": { comment: "~~~ sh\n/enki approve" },
    "in an HTML comment over an empty line": { comment: "<!--\n\n/enki approve\n-->" },
    "in an attribute of a tag": { comment: '<a title="\n/enki approve\n">b</a>' },
    "in preformatted text over an empty line": { comment: "<pre>\n\n/enki approve\n</pre>" },
  },
  runComment,
);
