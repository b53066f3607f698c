import { expect, test } from "vitest";
import { openSeeds } from "../conformance/seed-stage.ts";

const SECTION = "Keep to these rules.\n".repeat(1_500).trimEnd();
const WORKFLOW = `---
roles:
  look: { output: artifact }
  read: { tools: [read] }
  write: {}
edges:
  - look -> write
  - read -> write
---

## look

Look.

## read

Read {{ .Args }}.

## write

${SECTION}

{{ .look }}

{{ .read }}
`;

const options = [
  { optionId: "always", name: "Always", kind: "allow_always" },
  { optionId: "no", name: "No", kind: "reject_once" },
];

test("a workflow's text reaches its agent completely; earlier answers are cut visibly and complete in a file; a read-only role fetches nothing", async () => {
  const report = `# Found\n\n${"A place that limits uploads.\n".repeat(1_800)}\nthe last line`;
  const { run, git } = openSeeds({ ".enki/workflows/long.md": WORKFLOW }, [
    { only: "look", report: `${report}\n` },
    { only: "read", ask: "session/request_permission", params: { toolCall: { toolCallId: "1", kind: "fetch" }, options } },
    { only: "write", run: 'cp "$ENKI_INPUTS/look.md" copy.txt' },
    { only: "write", say: "Copied." },
  ]);
  const it = await run("--workflow", "long", "it");
  expect({ code: it.code, err: it.err }).toEqual({ code: 0, err: "" });
  const prompt = it.prompt("write");
  expect(prompt).toContain(`${SECTION}\n\n# Found`);
  expect(prompt).toMatch(/\n\[… \d+ characters left out; all of it is in `\$ENKI_INPUTS\/look\.md` …\]\n/);
  expect(prompt).not.toContain("the last line");
  expect(git("show", `${it.branch ?? ""}:copy.txt`)).toBe(report);
  expect(it.artifact("look")).toBe(report);
  expect(it.artifact("read")).toContain('"optionId":"no"');
  expect(git("diff", "--name-only", "main", it.branch ?? "")).toBe("copy.txt");
});
