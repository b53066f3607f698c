import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { isSha } from "../../src/core/domain/ids.ts";
import { toResultRef } from "../../src/core/domain/refs.ts";
import { runAgentJob } from "../../src/job/run-agent-job.ts";
import { ID, openJobs } from "./stage.ts";

const FIXTURES: Readonly<Record<string, URL>> = {
  claude: new URL("../fixtures/headless.mjs", import.meta.url),
  "claude-agent-acp": new URL("../fixtures/agent.mjs", import.meta.url),
  "codex-acp": new URL("../fixtures/agent.mjs", import.meta.url),
};
const KEY = "the-key-of-the-model-0123456789";
const FIRST = `work/${ID}-fix/1` as const;
const SECOND = `work/${ID}-fix/2` as const;

let open: Awaited<ReturnType<typeof openJobs>> | null = null;
let root = "";
afterEach(() => {
  open?.repo.close();
  rmSync(root, { recursive: true, force: true });
});

type Act = Readonly<Record<string, unknown>>;
type Machine = { readonly isOwn: boolean };

/** Reads the bundle's transcript, and whether the bundle holds a session. */
const readBundle = (bundle: string) => ({
  transcript: readFileSync(join(bundle, "transcript.md"), "utf8"),
  hasSession: existsSync(join(bundle, "session.json")),
});

/** Runs two attempts of an agent: the first does its acts and ends, the second continues. */
const playTwice = async (program: string, acts: readonly Act[], { isOwn }: Machine = { isOwn: true }) => {
  root = mkdtempSync(join(tmpdir(), "enki-session-"));
  const agent = join(root, program, "index.mjs");
  mkdirSync(join(root, program));
  copyFileSync(FIXTURES[program] ?? "", agent);
  const it = await openJobs({ agent: [process.execPath, agent, ...acts.map((act) => JSON.stringify(act))] });
  open = it;
  const machine = isOwn ? { near: it.repo.url } : {};
  const given = { agentEnv: { ANTHROPIC_API_KEY: KEY, OPENAI_API_KEY: KEY } };
  const first = await it.prepare(FIRST, given, machine);
  await runAgentJob(first.host);
  const left = readBundle(first.at.bundle);
  await it.publish(FIRST, first.at.bundle, {}, machine);
  const result = it.repo.git("rev-parse", toResultRef(FIRST)).trim();
  if (!isSha(result)) throw new Error("no result");
  const tree = it.published(FIRST)?.tree ?? [];
  await it.alter("fix", { attempt: 2, result });
  const second = await it.prepare(SECOND, given, machine);
  await runAgentJob(second.host);
  return { left, tree, next: readBundle(second.at.bundle), workspaces: [first.host.workspace, second.host.workspace] };
};

const QUOTA = "You've hit your usage limit. Try again in 2 hours.";

const ACP_ACTS: readonly Act[] = [{ recall: true }, { remember: "I found it in WORKSPACE." }, { echoPrompt: true }, { fail: QUOTA }];
const PROGRAMS: readonly (readonly [program: string, acts: readonly Act[]])[] = [
  ["claude", [{ act: "recall" }, { act: "remember", value: "I found it in WORKSPACE." }, { act: "see" }, { act: "fail", value: QUOTA }]],
  ["claude-agent-acp", ACP_ACTS],
  ["codex-acp", ACP_ACTS],
];

describe.each(PROGRAMS)("the session of %s whose attempt was interrupted", (program, acts) => {
  test("continues in the next attempt on the same machine, in the new working directory", async () => {
    const { left, tree, next, workspaces } = await playTwice(program, acts);
    expect(left.hasSession).toBe(true);
    expect(left.transcript).toContain("recalled: nothing");
    expect(tree).toContain("100644 session.json");
    expect(next.transcript).toContain(`recalled: I found it in ${workspaces[1] ?? ""}.`);
    expect(next.transcript).not.toContain("said before");
    expect(next.transcript).toContain("This is the session of an attempt that was interrupted");
    expect(next.transcript).not.toContain("The end of its transcript");
  });

  test("does not leave a runner of GitHub; its next attempt gets the end of the transcript", async () => {
    const { left, tree, next } = await playTwice(program, acts, { isOwn: false });
    expect(left.hasSession).toBe(false);
    expect(tree).not.toContain("100644 session.json");
    expect(next.transcript).toContain("recalled: nothing");
    expect(next.transcript).toContain("The end of its transcript");
  });

  test("is dropped as a whole if it holds a key, or a credential of a known form", async () => {
    for (const word of [KEY, `ghp_${"a1B2".repeat(9)}`]) {
      const secret = acts.map((act) => JSON.parse(JSON.stringify(act).replace("I found it", word)) as Act);
      const { left, next } = await playTwice(program, secret);
      expect(left.hasSession).toBe(false);
      expect(next.transcript).toContain("recalled: nothing");
    }
  });

  test("is not continued after a crash, which it would repeat", async () => {
    const crash = [...acts.slice(0, -1), program === "claude" ? { act: "exit", value: 1 } : { crash: 1 }];
    const { left, next } = await playTwice(program, crash);
    expect(left.hasSession).toBe(false);
    expect(next.transcript).toContain("recalled: nothing");
  });
});
