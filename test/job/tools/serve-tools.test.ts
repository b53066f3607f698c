import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { serveTools } from "../../../src/job/tools/serve-tools.ts";
import { mayRecord } from "../../../src/core/domain/tool-set.ts";
import { useSocketName } from "../../../src/job/tools/socket-name.ts";
import type { ToolContext } from "../../../src/job/tools/mcp-tool.ts";
import { mail, openToolBox, TOOLS_OF, view } from "../../support/tools.ts";
import { openJob, pipe, request } from "./stage.ts";

const jobs: { close(): Promise<void> }[] = [];
const open = async (over: Partial<ToolContext> = {}, directory = "") => {
  const job = await openJob(over, directory);
  jobs.push(job);
  return job;
};
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.close();
});

const step = (id: string, over: Record<string, unknown> = {}) => ({ id, title: "t", description: "d", ...over });

describe("an agent sees", () => {
  test.each([
    ["planner", true, TOOLS_OF.P],
    ["worker", true, TOOLS_OF.W],
    ["worker", false, TOOLS_OF.N],
    ["merger", true, TOOLS_OF.M],
    ["sidecar", true, TOOLS_OF.S],
  ] as const)("the tools of a %s (edits: %s), whatever the relay's arguments are", async (toolSet, canEdit, names) => {
    // The fixtures give every tool of a planner a target.
    const executions = [view("abc123", { fix: "paused", test: "failed" }), view("def456", { fix: "running" })];
    const backlog = [{ issue: 3, title: "t", body: "b", created: 0 }];
    const { mail: mailbox } = openToolBox({ box: { mails: [mail("m1", { to: "coordinator", from: "user" })] } }).context;
    const job = await open({ toolSet, canEdit, executions, backlog, mail: toolSet === "planner" ? mailbox : null });
    const agent = await job.connect("--role", toolSet === "planner" ? "worker" : "planner", "--task", "abc123-x");
    expect(await agent.list()).toEqual(names);
    const foreign = toolSet === "planner" ? "enki_worker_report" : "enki_execution_create";
    expect(await agent.call(foreign, { steps: [step("a")], status: "s" })).toEqual({
      isError: true,
      text: `tool '${foreign}' is not available for role '${toolSet}'`,
    });
    expect(job.recorded).toEqual([]);
  });

  test("the reporting tools in a quick task", async () => {
    const job = await open({ toolSet: "sidecar" });
    const agent = await job.connect();
    const replies = [{ comment: 1, addressed: true, text: "Renamed it." }];
    expect(await agent.call("enki_worker_report", { outcome: "done", replies })).toMatchObject({ isError: false });
    expect(job.recorded).toMatchObject([{ kind: "report", outcome: "done", replies }]);
    expect(job.recorded.every(({ kind }) => mayRecord("sidecar", kind))).toBe(true);
  });

  test("a sentence and an argument schema for every tool", async () => {
    const agent = await (await open()).connect();
    for (const { description, inputSchema } of await agent.tools()) {
      expect(description).toMatch(/\.$/);
      expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
    }
    const create = (await agent.tools()).find(({ name }) => name === "enki_execution_create");
    expect(create?.inputSchema).toMatchObject({
      required: ["steps"],
      properties: { steps: { items: { required: ["id", "title", "description"] } } },
    });
  });
});

describe("an answer is complete both as text and as structured content", () => {
  type Answer = { readonly content: readonly { readonly type: string; readonly text: string }[]; readonly structuredContent?: unknown };

  const answerOf = async (job: Awaited<ReturnType<typeof open>>, name: string, args: Record<string, unknown> = {}) => {
    const { answers } = await pipe(request(1, name, args), { env: { ENKI_SOCKET: job.socket }, cwd: job.root }).ended;
    return answers[0]?.result as Answer;
  };

  test.each([
    ["a plan", "planner", "enki_execution_create", { steps: [step("a")] }],
    ["a refusal", "planner", "enki_execution_create", { steps: [] }],
    ["a report", "worker", "enki_worker_report", { status: "reading" }],
    ["a list", "worker", "enki_task_list", {}],
  ] as const)("%s", async (_, toolSet, name, args) => {
    const answer = await answerOf(await open({ toolSet }), name, args);
    expect(answer).not.toHaveProperty("structuredContent");
    expect(answer.content).toEqual([{ type: "text", text: expect.stringMatching(/\S/) as string }]);
  });

  test("a file's anchors", async () => {
    const job = await open({ toolSet: "worker" });
    writeFileSync(join(job.root, "a.txt"), "one\ntwo\n");
    expect((await answerOf(job, "enki_edit_file", { path: "a.txt" })).content[0]?.text).toMatch(/one\n.*two/);
  });

  test("a question to a person with the next action, and waiting mail", async () => {
    const { context } = openToolBox({
      toolSet: "worker",
      executions: [view("abc123", { x: "running" })],
      box: {
        address: "worker/abc123-x",
        job: "work/abc123-x/1",
        mails: [mail("m1", { to: "worker/abc123-x", type: "request", status: "pending" })],
      },
    });
    const job = await open(context);
    const asked = await answerOf(job, "enki_mail_send", { to: "user", subject: "Which?", body: "A or B?", msg_type: "request" });
    expect(asked.content[0]?.text).toMatch(/End your turn now.*\n\n---\nMAIL: You have 1 unread/s);
    const read = await answerOf(job, "enki_mail_read", { message_id: "m1" });
    expect(read.content[0]?.text).toContain("Type: request, pending");
    expect(read.content[0]?.text).toContain("Words of m1.");
  });
});

describe("a refused plan returns the reason and records nothing", () => {
  test.each([
    ["B-05 a cycle", [step("a", { needs: ["b"] }), step("b", { needs: ["a"] })], "steps form a cycle: a -> b -> a"],
    ["B-06 an unknown need", [step("a", { needs: ["ghost"] })], "step 'a' depends on unknown step 'ghost'"],
    ["B-07 its own need", [step("a", { needs: ["a"] })], "step 'a' cannot depend on itself"],
    ["B-08 a doubled id", [step("a"), step("a")], "duplicate step id: a"],
    ["B-09 no step", [], "steps array must not be empty"],
    ["B-10 too many steps", Array.from({ length: 6 }, (_, at) => step(`s${at}`)), "a plan has at most 5 steps, but this plan has 6"],
  ])("%s", async (_, steps, why) => {
    const job = await open();
    const agent = await job.connect();
    expect(await agent.call("enki_execution_create", { steps })).toEqual({ isError: true, text: why });
    expect(job.recorded).toEqual([]);
    // The agent may fix the plan and call again.
    expect((await agent.call("enki_execution_create", { steps: [step("a")] })).text).toContain("recorded, takes effect when");
    expect(job.recorded).toMatchObject([{ kind: "propose", plan: { steps: [{ id: "a" }] } }]);
  });
});

describe("the job's socket", () => {
  test("is accessible to its user only", async () => {
    const { socket } = await open();
    expect(statSync(socket).mode & 0o777).toBe(0o600);
  });

  test("may have a path that is longer than a socket's address", async () => {
    const job = await open({ toolSet: "worker" }, "x".repeat(100));
    expect(Buffer.byteLength(job.socket)).toBeGreaterThan(108);
    const agent = await job.connect();
    expect(await agent.call("enki_worker_report", { status: "connected" })).toEqual({ isError: false, text: "Status reported: connected" });
    await job.served.close();
    expect(existsSync(job.socket)).toBe(false);
  });

  test("replaces the socket of a killed job", async () => {
    const { root } = await open();
    const socket = join(root, "old.sock");
    writeFileSync(socket, "");
    const served = await serveTools({ socket, context: {} as ToolContext });
    jobs.push(served);
    expect(statSync(socket).isSocket()).toBe(true);
  });

  test("serves several agents at once, each with its own answers", async () => {
    const job = await open({ toolSet: "worker" });
    const agents = await Promise.all([job.connect(), job.connect(), job.connect()]);
    const answers = await Promise.all(agents.map((agent, at) => agent.call("enki_worker_report", { status: `agent ${at}` })));
    expect(answers.map(({ text }) => text)).toEqual(["Status reported: agent 0", "Status reported: agent 1", "Status reported: agent 2"]);
    expect(job.recorded).toHaveLength(3);
  });

  test("ends the relay with the job, even if the agent keeps its end open", async () => {
    const job = await open();
    const relay = pipe(request(1, "enki_status"), { env: { ENKI_SOCKET: job.socket }, hangUp: false });
    await relay.heard();
    await job.served.close();
    expect(await relay.ended).toMatchObject({ code: 0, answers: [{ id: 1 }] });
  });

  test("fails the relay with a message if no job listens", async () => {
    const { root } = await open();
    const { code, err, answers } = await pipe("", { env: { ENKI_SOCKET: join(root, "nothing.sock") } }).ended;
    expect({ code, answers }).toEqual({ code: 1, answers: [] });
    expect(err).toContain("no job listens on this socket");
  });
});

describe("messages from an agent", () => {
  test("are answered after it hung up", async () => {
    const job = await open({ toolSet: "worker" });
    writeFileSync(join(job.root, "a.txt"), "one\n");
    const calls =
      request(1, "enki_edit_file", { path: "a.txt" }) + request(2, "enki_status") + request(3, "enki_edit_file", { path: "a.txt" });
    const { answers, code } = await pipe(calls, { env: { ENKI_SOCKET: job.socket } }).ended;
    expect(code).toBe(0);
    expect(new Set(answers.map(({ id }) => id))).toEqual(new Set([1, 2, 3]));
  });

  test("are still read after a malformed line is refused", async () => {
    const job = await open();
    const { answers } = await pipe(`{"jsonrpc":"1.0"}\nnot json\n\n${request(1, "enki_status")}`, { env: { ENKI_SOCKET: job.socket } })
      .ended;
    expect(answers.map(({ id, error }) => id ?? error?.message)).toEqual([
      "this line is not a message of JSON-RPC 2.0",
      "this line is not a message of JSON-RPC 2.0",
      1,
    ]);
  });

  test.each(["\n", ""])("of more than 4 MB are refused and end the conversation (line end: %j)", async (end) => {
    const job = await open({ toolSet: "worker" });
    const long = request(1, "enki_worker_report", { status: "x".repeat(4_100_000) }).trimEnd();
    const { answers } = await pipe(long + end, { env: { ENKI_SOCKET: job.socket }, hangUp: false }).ended;
    expect(answers.map(({ error }) => error?.message)).toEqual(["a message has at most 4000000 characters"]);
    expect(job.recorded).toEqual([]);
    const agent = await job.connect();
    expect((await agent.call("enki_worker_report", { status: "still here" })).isError).toBe(false);
  });

  test("of more than 4 MB are refused also to a client that reads only once it has written all of them", async () => {
    const job = await open({ toolSet: "worker" });
    const client = useSocketName(job.socket, (name) => connect(name));
    await new Promise<void>((resolve, reject) => {
      client.on("error", reject);
      client.write("x".repeat(12_000_000), (error) => (error ? reject(error) : resolve()));
    });
    expect(await text(client)).toContain("a message has at most 4000000 characters");
  });

  test("may split a character between chunks", async () => {
    const job = await open({ toolSet: "worker" });
    const agent = await job.connect();
    const status = "ü€𝄞".repeat(100);
    expect((await agent.call("enki_worker_report", { status })).text).toBe(`Status reported: ${status}`);
    // A message of 300 KB arrives in many chunks, cut anywhere.
    const steps = [
      { ...step("a"), description: "€".repeat(20_000) },
      ...["b", "c", "d", "e"].map((id) => ({ ...step(id), description: "𝄞".repeat(9_000) })),
    ];
    const planner = await open();
    expect((await (await planner.connect()).call("enki_execution_create", { steps })).isError).toBe(false);
    expect(planner.recorded).toMatchObject([
      { plan: { steps: [{ description: "€".repeat(20_000) }, { description: "𝄞".repeat(9_000) }, {}, {}, {}] } },
    ]);
  });
});

describe("enki_edit_file", () => {
  const REMEDY = "\nNothing was changed. To continue: name a file below the workspace, by a relative path.";

  test("edits a workspace file between anchors, and no file outside", async () => {
    const job = await open({ toolSet: "worker" });
    const agent = await job.connect();
    writeFileSync(join(job.root, "a.txt"), "one\ntwo\n");
    const { text } = await agent.call("enki_edit_file", { path: "a.txt" });
    const [first = ""] = text.split("\n");
    expect(await agent.call("enki_edit_file", { path: "a.txt", content: `${first}\nin between\n$|` })).toEqual({
      text: "ok",
      isError: false,
    });
    expect(readFileSync(join(job.root, "a.txt"), "utf8")).toBe("one\nin between\n");
    expect(await agent.call("enki_edit_file", { path: "../../etc/hostname" })).toMatchObject({ isError: true });
    expect(await agent.call("enki_edit_file", { path: "/etc/passwd" })).toEqual({
      isError: true,
      text: `/etc/passwd is outside of this step's workspace${REMEDY}`,
    });
    mkdirSync(join(job.root, "sub/.git"), { recursive: true });
    writeFileSync(join(job.root, "sub/.git/config"), "[core]\n");
    for (const path of ["sub/.git/config", "a/../sub/.git/config"])
      expect(await agent.call("enki_edit_file", { path })).toEqual({
        isError: true,
        text: `${path} is outside of this step's workspace${REMEDY}`,
      });
  });
});
