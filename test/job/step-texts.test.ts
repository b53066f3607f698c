import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import { openBundle } from "../../src/job/job-bundle.ts";
import { type JobSpec, toJobPaths } from "../../src/job/job-spec.ts";
import type { StepHost } from "../../src/job/step-host.ts";
import { writeStepTexts } from "../../src/job/step-texts.ts";
import type { Ledger } from "../../src/core/domain/ledger.ts";
import { openPromptReceiver } from "../support/prompt-receiver.ts";
import { ID, openJobs } from "./stage.ts";

const AGENT = fileURLToPath(new URL("../fixtures/agent.mjs", import.meta.url));
const FOLDER = `.enki/artifacts/${ID}`;

describe("texts of earlier steps", () => {
  let root = "";
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "enki-texts-")));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const lay = async (prepare: (workspace: string) => void = () => undefined) => {
    const [workspace, temp] = [join(root, "work"), join(root, "temp")];
    mkdirSync(join(workspace, ".git"), { recursive: true });
    mkdirSync(toJobPaths(temp).clone, { recursive: true });
    prepare(workspace);
    const spec = {
      execution: ID,
      kind: "work",
      step: { id: "look" },
      inputs: [{ name: "plan", text: "# Plan\n" }],
      piece: null,
      brief: null,
    };
    // The function reads no other fields of either argument.
    const texts = await writeStepTexts({ workspace, temp } as StepHost, spec as unknown as JobSpec);
    return { texts, workspace };
  };

  test("are in the workspace under the seed's path, ignored by git", async () => {
    const { texts, workspace } = await lay();
    expect(texts).toEqual({ directory: join(workspace, FOLDER), report: join(workspace, FOLDER, "look.md"), workspaceRoot: workspace });
    expect(readFileSync(join(workspace, FOLDER, "plan.md"), "utf8")).toBe("# Plan\n");
    expect(readFileSync(join(workspace, ".git/info/exclude"), "utf8")).toContain(`/${FOLDER}/`);
  });

  test.each<[string, (workspace: string) => void]>([
    ["`.enki` is a link", (workspace) => symlinkSync(root, join(workspace, ".enki"))],
    ["`.enki` is a file", (workspace) => writeFileSync(join(workspace, ".enki"), "x")],
    [
      "`.enki/artifacts` is a link",
      (workspace) => {
        mkdirSync(join(workspace, ".enki"));
        symlinkSync("../elsewhere", join(workspace, ".enki/artifacts"));
      },
    ],
    [
      "the execution's folder is there already",
      (workspace) => {
        mkdirSync(join(workspace, FOLDER), { recursive: true });
        writeFileSync(join(workspace, FOLDER, "plan.md"), "tracked\n");
      },
    ],
    [
      "the execution's folder is a link",
      (workspace) => {
        mkdirSync(dirname(join(workspace, FOLDER)), { recursive: true });
        symlinkSync(workspace, join(workspace, FOLDER));
      },
    ],
  ])("beside it where %s: nothing of the repository is written through", async (_, prepare) => {
    const { texts, workspace } = await lay(prepare);
    expect(texts).toMatchObject({ directory: join(toJobPaths(join(root, "temp")).texts, ID), workspaceRoot: null });
    expect(readFileSync(join(texts.directory, "plan.md"), "utf8")).toBe("# Plan\n");
    expect(readdirSync(root).toSorted()).toEqual(["temp", "work"]);
    expect(readdirSync(workspace).filter((name) => name !== ".git" && name !== ".enki")).toEqual([]);
    const tracked = join(workspace, FOLDER, "plan.md");
    if (existsSync(tracked)) expect(readFileSync(tracked, "utf8")).toBe("tracked\n");
  });
});

describe("an agent's job", () => {
  let open: Awaited<ReturnType<typeof openJobs>> | null = null;
  afterEach(() => open?.repo.close());

  const LONG = `# Where\n\n${"x".repeat(60_000)}\n\nthe end\n`;
  const said = (ledger: Ledger): Ledger => ({
    ...ledger,
    artifacts: { [`${ID}/look`]: LONG },
    answers: { [`${ID}/docs`]: "All written.\n\n[OUTPUT]\nOne page.\n[/OUTPUT]" },
  });

  const work = async (job: string, ...acts: readonly Readonly<Record<string, unknown>>[]) => {
    const received = await openPromptReceiver();
    const agent = [process.execPath, AGENT, ...[{ promptTo: received.url }, ...acts].map((act) => JSON.stringify(act))];
    open = await openJobs({ agent });
    await open.record(said(open.ledger));
    const prepared = await open.prepare(job);
    const ended = await runAgentJob(prepared.host);
    const bundle = await openBundle(prepared.at.bundle);
    if (!bundle.ok) throw new Error(bundle.refusal.message);
    const { step, kind } = JSON.parse(readFileSync(prepared.at.spec, "utf8")) as JobSpec;
    return {
      ...ended,
      ...bundle.value,
      prompt: received.prompt(step?.id ?? kind),
      files: bundle.value.report.files.map(({ path }) => path),
    };
  };

  test("finds complete texts of earlier steps as files, which never count as changes", async () => {
    const it = await work(
      `work/${ID}-fix/1`,
      { run: 'cat "$ENKI_INPUTS/look.md" > seen.txt; cp "$ENKI_INPUTS/docs.md" said.txt; echo x > "$ENKI_INPUTS/own.md"' },
      { run: "printf '!.enki/\\n!.enki/**\\n' > .gitignore; git status --porcelain --untracked-files=all > status.txt" },
    );
    expect(it.prompt).toContain(`characters left out; all of it is in \`${FOLDER}/look.md\` …]`);
    expect(it.prompt).not.toContain("the end\n");
    expect(it).toMatchObject({ end: "success", files: [".gitignore", "said.txt", "seen.txt", "status.txt"] });
    expect((await it.content(2))?.toString("utf8")).toBe(LONG);
    expect((await it.content(1))?.toString("utf8")).toBe("All written.\n\nOne page.");
  });

  test("writes its report to the seed's path in the workspace", async () => {
    const it = await work(`work/${ID}-look/1`, {
      run: `echo "# Found" > ${FOLDER}/look.md; test "$PWD/${FOLDER}/look.md" = "$ENKI_ARTIFACT"`,
    });
    expect(it.prompt).toContain(`to the file \`${FOLDER}/look.md\``);
    expect(it).toMatchObject({ end: "artifact", why: "", artifact: "# Found\n" });
  });

  test("reads no report through an agent's link", async () => {
    const it = await work(
      `work/${ID}-look/1`,
      { run: `mkdir ../other; echo stolen > ../other/look.md; rm -r ${FOLDER}; ln -s ../../../other ${FOLDER}` },
      { run: "true" },
      { say: "My own words." },
    );
    expect(it).toMatchObject({ end: "artifact", artifact: "My own words." });
  });
});
