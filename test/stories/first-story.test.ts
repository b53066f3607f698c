import { expect, test } from "vitest";
import { plan, step } from "../support/build.ts";
import { type OpenStage, openStage } from "./stage.ts";

/** Removes names that differ between runs. */
const withoutNames = (text: string): string =>
  text
    .replaceAll(/\b[0-9a-f]{64}\b/g, "(sum)")
    .replaceAll(/\b[0-9a-f]{40}\b/g, "(commit)")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "(short)")
    .replaceAll(/(?<!#)\b[0-9a-f]{6}\b/g, "(id)")
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, "(time)")
    .replaceAll(/ took (?:\d+ min )?\d+ s\b/g, " took (duration)")
    .replaceAll(/\| (?:\d+ min )?\d+ s(?= \|)/g, "| (duration)")
    .replaceAll(/127\.0\.0\.1:\d+/g, "github.example")
    .replaceAll(/(runs\/|issuecomment-)\d+/g, "$1(number)");

const graph = async (stage: OpenStage): Promise<string> =>
  (await stage.git("log", "--graph", "--format=%s", "main")).replaceAll(/ +$/gm, "");

test("a comment becomes landed merges, in the order of the plan, and closes the issue", async () => {
  // Given a repository, and a planner that proposes two steps.
  const stage = await openStage({
    isRemote: true,
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix", { title: "Fix the upload" }), step("test", { needs: ["fix"] })) };
      if (spec.kind === "verify") return { verdict: "green" };
      return { files: { [`${spec.step?.id ?? ""}.txt`]: "done\n" } };
    },
  });

  // When a maintainer asks in a comment, and approves the plan in another.
  const issue = await stage.ask();
  await stage.approve(issue);

  // Then both steps land, the issue is closed, and people can read the outcome.
  const told = await stage.shows(issue, /Done: everything landed/);
  await stage.until("the issue to be closed", async () => !(await stage.maintainer.isOpen(issue)));
  expect(await stage.landed()).toEqual(["fix", "test"]);
  expect(withoutNames(told)).toMatchInlineSnapshot(`
    "<!-- enki:execution:(id) -->

    ### Done: everything landed

    \`████████████████████\` · took (duration)

    > the limit

    <sub>Based on this issue as of (time); later edits are ignored.</sub>

    \`\`\`mermaid
    graph LR
      n0["✅ Fix the upload"]:::done
      n1["✅ Do test"]:::done
      n0 --> n1
      classDef done fill:#1a7f37,color:#fff
    \`\`\`

    | state | step | what it does | after | attempt | time |
    |---|---|---|---|---|---|
    | ✅ landed in #2 as (short) · [run](http://github.example/octo/demo/actions/runs/(number)) | \`fix\` | Fix the upload |  | 1 | (duration) |
    | ✅ landed in #3 as (short) · [run](http://github.example/octo/demo/actions/runs/(number)) | \`test\` | Do test | \`fix\` | 1 | (duration) |

    <details>
    <summary>Summaries by the workers</summary>

    **\`fix\`**

    > done

    **\`test\`**

    > done

    </details>

    <details>
    <summary>Attempts and runs</summary>

    | step | attempt | time | run |
    |---|---|---|---|
    | planner | 1 | (duration) | [run](http://github.example/octo/demo/actions/runs/(number)) |
    | \`fix\` | 1 | (duration) | [run](http://github.example/octo/demo/actions/runs/(number)) |
    | \`test\` | 1 | (duration) | [run](http://github.example/octo/demo/actions/runs/(number)) |
    | \`fix\` (verified) |  |  | [run](http://github.example/octo/demo/actions/runs/(number)) |
    | \`test\` (verified) |  |  | [run](http://github.example/octo/demo/actions/runs/(number)) |

    </details>

    <details>
    <summary>Instructions for each step</summary>

    **\`fix\`**

    > Description of fix.

    **\`test\`**

    > Description of test.

    The complete plan is in the ledger: \`git fetch origin refs/enki/ledger && git show FETCH_HEAD:executions/(id)/plan-(sum).json\`

    </details>

    <sub>Execution \`(id)\` on \`main\`, requested by maintainer · plan \`(short)\` approved by maintainer</sub>"
  `);
  expect(await graph(stage)).toMatchInlineSnapshot(`
    "*   Do test
    |\\
    | * Do test
    |/
    *   Fix the upload
    |\\
    | * Fix the upload
    |/
    * a person changes limit.txt, .enki/enki.toml"
  `);

  // Pull requests state the request, the work, the verification and the landing.
  const pulls = await stage.maintainer.pulls();
  const read = async (): Promise<string> => {
    const { number } = pulls.toSorted((one, other) => one.number - other.number)[0] ?? { number: 0 };
    return String(((await stage.does("GET", `/pulls/${number}`)) as { readonly body?: unknown }).body);
  };
  await stage.until("the text of the pull request to say that it landed", async () => (await read()).includes("**Landed**"));
  expect(await read()).toMatch(/^✅ \*\*Landed\*\* on `main` as [0-9a-f]{40}\.\n\nStep `fix` of the plan for #\d+/);
  expect(withoutNames(await read())).toMatchInlineSnapshot(`
    "✅ **Landed** on \`main\` as (commit).

    Step \`fix\` of the plan for #1, requested by maintainer: the limit

    **Changes**, in the worker's words

    > done

    **Task**

    > Description of fix.

    **Verification**

    Passed on [\`(short)\`](http://github.example/octo/demo/commit/(commit)) · [run](http://github.example/octo/demo/actions/runs/(number)):

    - \`true\`

    <sub>Task \`(id)-fix\` of execution \`(id)\` · [progress](http://github.example/octo/demo/issues/1#issuecomment-(number))</sub>"
  `);
});
