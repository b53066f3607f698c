import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { renderRefusalReply } from "../../src/core/messages/command-replies.ts";
import { renderStepTable } from "../../src/core/messages/step-table.ts";
import { toPlainComment, toTerminalAnswer, readStepLines } from "../../src/cli/plain-comment.ts";

test("reads the steps from the rendered table", () => {
  const { steps } = plan(
    step("look", { output: "artifact", title: "Look | at *all* <b>" }),
    step("fix", { needs: ["look"], checkpoint: true }),
  );
  expect(readStepLines(`### A plan\n\n${renderStepTable(steps, {})}\n\n> text`)).toEqual([
    { step: "look", title: "Look | at *all* <b>", state: "standard · a report" },
    { step: "fix", title: steps[1]?.title, state: "standard · checkpoint" },
  ]);
});

test("reads no step from the table of attempts", () => {
  const attempts =
    "<details>\n<summary>Attempts and runs</summary>\n\n| step | attempt | time | run |\n|---|---|---|---|\n| `fix` | 1 | 30 s | [run](x) |\n\n</details>";
  expect(readStepLines(`### Running\n\n${attempts}\n`)).toEqual([]);
});

test("prints a comment without parts that only a page can show", () => {
  const comment = `<!-- enki:execution:abcdef -->

### Stopped: 0 of 2 steps done

> text of a person \\<b\\>

\`\`\`mermaid
graph LR
  n0 --> n1
\`\`\`

| step | what it does | after | state |
|---|---|---|---|
| \`fix\` | Fix it |  | ❌ **failed** · #2 |

❌ **\`fix\` failed.** Its candidate did not pass.

<details>
<summary>Last output of <code>a &amp;&amp; b</code></summary>

\`\`\`text
not ok 1 - **a** \\*b
\`\`\`

</details>

\`\`\`
/enki retry abcdef-fix
\`\`\`

<details open>
<summary>Instructions for each step</summary>

**\`fix\`**

> Do it.

</details>

<sub>Execution \`abcdef\`</sub>
`;
  expect(toPlainComment(comment)).toBe(`Stopped: 0 of 2 steps done

> text of a person <b>

\`fix\` failed. Its candidate did not pass.

Last output of a && b

    not ok 1 - **a** \\*b

    /enki retry abcdef-fix

Execution \`abcdef\``);
});

test("names commands as the terminal has them, without marks of code", () => {
  const answer = "`fix` is done, so `/enki retry fix` changes nothing.\n\n    /enki unland\n\n    npm ERR! `a`";
  expect(toTerminalAnswer(answer, 7)).toBe(
    "fix is done, so enki retry fix changes nothing.\n\n    enki unland --issue 7\n\n    npm ERR! `a`",
  );
  // `enki run` is another command.
  expect(toTerminalAnswer("    /enki run gate", 7)).toBe("    /enki run gate");
});

test("prints the code of a refusal without its link", () => {
  const reply = renderRefusalReply({ code: "not-paused", message: "It is running, not paused.", next: "" });
  expect(toPlainComment(reply)).toBe("It is running, not paused. (`not-paused`)");
});
