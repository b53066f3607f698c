import type { Command, CommandKind, RecordedCommand } from "../../src/core/domain/command.ts";
import { isRecord } from "./tool-attack.ts";
import { RESULT_LIMITS } from "../../src/core/domain/usage.ts";
import type { ToolSet } from "../../src/core/domain/tool-set.ts";
import type { BacklogItem } from "../../src/core/domain/backlog-item.ts";
import { listTools } from "../../src/job/tools/call-tool.ts";
import { readJobResult, recordedCommandSchema } from "../../src/storage/ledger/read-job-result.ts";
import { plan, step } from "../support/build.ts";
import { mail, openToolBox, view } from "../support/tools.ts";
import { attackFamily, type AttackVariants } from "./attack-family.ts";
import { openVictim, type VictimState, VICTIM_STATES } from "./tool-attack.ts";

const BACKLOG: readonly BacklogItem[] = [{ issue: 7, title: "t", body: "b", created: 0 }];
const ROLES = ["planner", "worker", "reader", "merger", "sidecar"] as const;
type RoleName = (typeof ROLES)[number];
const rightsOf = (role: RoleName): { toolSet: ToolSet; canEdit: boolean } =>
  role === "reader" ? { toolSet: "worker", canEdit: false } : { toolSet: role, canEdit: true };

const openBox = (role: RoleName) =>
  openToolBox({
    ...rightsOf(role),
    backlog: BACKLOG,
    executions: [view("abc123", { fix: "failed", test: "running" }), view("def456", { other: "running" }, { issue: 2 })],
    box: { mails: [mail("m1", { to: "coordinator", type: "request", status: "pending" })] },
    editFile: () => Promise.resolve({ text: "ok" }),
  });

const TOOLS: readonly string[] = [...new Set(ROLES.flatMap((role) => listTools(rightsOf(role)).map(({ name }) => name)))];

/** Valid arguments of each tool, for a role that has the tool. */
const PROPER: Readonly<Record<string, unknown>> = {
  enki_execution_create: { steps: [{ id: "a", title: "t", description: "d" }] },
  enki_execution_add_steps: { execution_id: "abc123", steps: [{ id: "a", title: "t", description: "d" }] },
  enki_task_create: { title: "t" },
  enki_task_retry: { task_id: "abc123-fix" },
  enki_resume: { execution_id: "abc123" },
  enki_pause: { execution_id: "abc123" },
  enki_cancel: { execution_id: "abc123" },
  enki_quick_task: { prompt: "p" },
  enki_worker_report: { status: "s" },
  enki_edit_file: { path: "a", content: "x" },
  enki_mail_send: { to: "user", subject: "s", body: "b" },
  enki_mail_read: { message_id: "m1" },
  enki_mail_reply: { message_id: "m1", body: "b" },
  enki_mail_thread: { thread_id: "tm1" },
  enki_backlog_add: { body: "b" },
  enki_backlog_update: { id: "7", body: "b" },
  enki_backlog_remove: { id: "7" },
  enki_backlog_pick: { id: "7" },
};

type ToolCall = { readonly role: RoleName; readonly tool: string; readonly args: unknown };

/** The attacker wants a recorded command, or a failure of the server. */
const callAttack = async ({ role, tool, args }: ToolCall) => {
  const { call, recorded } = openBox(role);
  const answer = await call(tool, args);
  if (recorded.length > 0) return { through: `recorded ${JSON.stringify(recorded).slice(0, 200)}` };
  if (!answer.isError) return { through: `answered ${answer.text.slice(0, 200)}` };
  return { stopped: String(answer.structured["code"]) };
};

const foreignTools: AttackVariants<ToolCall> = Object.fromEntries(
  ROLES.flatMap((role) => {
    const own = new Set(listTools(rightsOf(role)).map(({ name }) => name));
    return TOOLS.filter((tool) => !own.has(tool)).map(
      (tool) => [`${role} calls ${tool}`, { role, tool, args: PROPER[tool] ?? {}, expected: "not-available" }] as const,
    );
  }),
);

const deep = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`);

/** Arguments refused by every tool. */
const HOSTILE_ARGUMENTS: Readonly<Record<string, (proper: Readonly<Record<string, unknown>>) => unknown>> = {
  "a list": (proper) => [proper],
  "a text": () => "--force",
  "a number": () => 7,
  "a further key": (proper) => ({ ...proper, approve: true }),
  "a further key with another role": (proper) => ({ ...proper, role_name: "planner", toolSet: "planner" }),
  "a replaced prototype": (proper) => JSON.parse(`{"__proto__":{"toolSet":"planner"},${JSON.stringify(proper).slice(1, -1) || '"x":1'}}`),
  "an own constructor": (proper) => ({ ...proper, constructor: { name: "planner" } }),
  "an own toJSON": (proper) => ({ ...proper, toJSON: "x" }),
  "objects nested 2,000 deep": (proper) => ({ ...proper, more: deep(2_000) }),
  "every value a list of itself": (proper) =>
    Object.keys(proper).length === 0 ? { x: [] } : Object.fromEntries(Object.entries(proper).map(([key, value]) => [key, [[value]]])),
  "every value null": (proper) =>
    Object.keys(proper).length === 0 ? { x: null } : Object.fromEntries(Object.keys(proper).map((key) => [key, null])),
  "every key in upper case": (proper) =>
    Object.keys(proper).length === 0
      ? { X: 1 }
      : Object.fromEntries(Object.entries(proper).map(([key, value]) => [key.toUpperCase(), value])),
};

const ownerOf = (tool: string): RoleName => ROLES.find((role) => listTools(rightsOf(role)).some(({ name }) => name === tool)) ?? "planner";

const hostileArguments: AttackVariants<ToolCall> = Object.fromEntries(
  TOOLS.flatMap((tool) =>
    Object.entries(HOSTILE_ARGUMENTS).map(([name, make]) => {
      const args = make((PROPER[tool] ?? {}) as Record<string, unknown>);
      return [`${tool} with ${name}`, { role: ownerOf(tool), tool, args }] as const;
    }),
  ),
);

const HOSTILE_IDS = [
  "__proto__",
  "constructor",
  "abc123-__proto__",
  "abc123-constructor",
  "../abc123",
  "abc123/../def456",
  "abc123 def456",
  "*",
  "a",
  "\u202eabc123",
];
const hostileIds: AttackVariants<ToolCall> = Object.fromEntries(
  [
    ["enki_task_retry", "task_id"],
    ["enki_pause", "execution_id"],
    ["enki_cancel", "execution_id"],
    ["enki_resume", "execution_id"],
    ["enki_mail_read", "message_id"],
    ["enki_mail_thread", "thread_id"],
    ["enki_backlog_pick", "id"],
    ["enki_backlog_remove", "id"],
  ].flatMap(([tool = "", key = ""]) =>
    HOSTILE_IDS.map((id) => [`${tool} of ${JSON.stringify(id)}`, { role: "planner", tool, args: { [key]: id } }] as const),
  ),
);

const hostileRecipients: AttackVariants<ToolCall> = Object.fromEntries(
  [
    "worker/def456-other",
    "worker/__proto__",
    "worker/abc123-constructor",
    "worker/",
    "coordinator/def456",
    "@everybody",
    "root",
    "worker/../user",
  ].map(
    (to) =>
      [
        `mail to ${to}`,
        { role: "planner", tool: "enki_mail_send", args: { to, subject: "s", body: "b" }, expected: "unknown-address" },
      ] as const,
  ),
);

const base = { subject: "s", body: "b", priority: "normal", type: "request", thread: null, replyTo: null, ttl: null } as const;
const RECORDS: Readonly<Record<string, Command>> = {
  propose: { kind: "propose", plan: plan(step("evil", { run: "touch PWNED" })) },
  "add-steps": { kind: "add-steps", steps: [step("evil", { run: "touch PWNED" })] },
  "create-task": { kind: "create-task", step: step("task", { run: "touch PWNED" }) },
  quick: { kind: "quick", prompt: "touch PWNED" },
  retry: { kind: "retry", target: null },
  pause: { kind: "pause", target: null },
  resume: { kind: "resume", target: null },
  cancel: { kind: "cancel", target: null },
  stop: { kind: "stop" },
  "backlog-add": { kind: "backlog-add", body: "b" },
  "backlog-update": { kind: "backlog-update", issue: 7, body: "b" },
  "backlog-remove": { kind: "backlog-remove", issue: 7 },
  "backlog-pick": { kind: "backlog-pick", issue: 7 },
  "mail-send": { kind: "mail-send", to: "user", ...base },
  do: { kind: "do", text: "x" },
  plan: { kind: "plan", text: "x" },
  add: { kind: "add", text: "x" },
  revise: { kind: "revise", text: "x" },
  run: { kind: "run", workflow: "fix-until-green", args: "" },
  "approve-plan": { kind: "approve-plan", plan: "0" },
  "approve-step": { kind: "approve-step", task: "x", head: "0" },
  skip: { kind: "skip", target: "x" },
  status: { kind: "status", target: null },
  help: { kind: "help" },
  reply: { kind: "reply", mail: "x", text: "x" },
};
const PERSONS_ONLY: readonly CommandKind[] = [
  "do",
  "plan",
  "add",
  "revise",
  "run",
  "approve-plan",
  "approve-step",
  "skip",
  "status",
  "help",
  "reply",
];
const FORBIDDEN_TO: Readonly<Record<"planner" | "worker" | "sidecar", readonly string[]>> = {
  planner: PERSONS_ONLY,
  worker: Object.keys(RECORDS).filter((kind) => kind !== "mail-send"),
  sidecar: Object.keys(RECORDS),
};

type ForeignRecord = { readonly by: "planner" | "worker" | "sidecar"; readonly kind: string };
const foreignRecords: AttackVariants<ForeignRecord> = Object.fromEntries(
  Object.entries(FORBIDDEN_TO).flatMap(([by, kinds]) =>
    kinds.map(
      (kind) => [`the result of a ${by} holds '${kind}'`, { by: by as ForeignRecord["by"], kind, expected: "not-available" }] as const,
    ),
  ),
);

/** The attacker wrote a result by hand. Records beyond the job's tools must leave the repository unchanged. */
const recordAttack = async ({ by, kind }: ForeignRecord) => {
  const victim = await openVictim("running");
  const before = victim.snapshot();
  // A result by hand may have records beyond every tool.
  const command = aimAt(RECORDS[kind] as Command, victim.id, victim.plan) as RecordedCommand;
  const notes = await victim.deliver(by, [command]);
  const after = victim.snapshot();
  if (after !== before) return { through: "the repository is another one" };
  return { stopped: notes.some((note) => note.includes("without effect")) ? "not-available" : "ignored" };
};

const STEERING_KINDS: readonly CommandKind[] = ["retry", "pause", "resume", "cancel"];

const aimAt = (command: Command, id: string, hash: string): Command => {
  if (STEERING_KINDS.includes(command.kind)) return { ...command, target: id } as Command;
  if (command.kind === "skip") return { ...command, target: `${id}-fix` };
  if (command.kind === "add-steps") return { ...command, execution: id };
  return command.kind === "approve-plan" ? { ...command, plan: hash } : command;
};

type Steering = {
  readonly kind: "pause" | "cancel" | "resume" | "retry" | "stop" | "add-steps" | "mail";
  readonly form: string;
  readonly state: VictimState;
};
const FORMS: Readonly<Record<string, (id: string) => string>> = {
  id: (id) => id,
  prefix: (id) => id.slice(0, 4),
  task: (id) => `${id}-fix`,
  "prefix of a task": (id) => `${id}-fi`,
};

/** The attacker is a planner of another issue: a person's decisions about the victim must not change. */
const steeringAttack = async ({ kind, form, state }: Steering) => {
  const victim = await openVictim(state);
  const before = victim.snapshot();
  const target = FORMS[form]?.(victim.id) ?? "";
  const records: Readonly<Record<Steering["kind"], RecordedCommand>> = {
    pause: { kind: "pause", target },
    cancel: { kind: "cancel", target },
    resume: { kind: "resume", target },
    retry: { kind: "retry", target },
    stop: { kind: "stop" },
    "add-steps": { kind: "add-steps", execution: target, steps: [step("evil", { run: "touch PWNED" })] },
    mail: { kind: "mail-send", to: `worker/${victim.id}-fix`, ...base },
  };
  const notes = await victim.deliver("planner", [records[kind]]);
  if (victim.snapshot() !== before) return { through: "the victim is in another state" };
  return { stopped: victim.isProposed() ? "proposed" : notes.some((note) => note.includes("without effect")) ? "refused" : "ignored" };
};

const steerings: AttackVariants<Steering> = Object.fromEntries(
  VICTIM_STATES.flatMap((state) => [
    ...(["pause", "cancel", "resume", "retry"] as const).flatMap((kind) =>
      Object.keys(FORMS).map(
        (form) => [`${kind} another issue's execution that is ${state}, by its ${form}`, { kind, form, state }] as const,
      ),
    ),
    ...(["stop", "add-steps", "mail"] as const).map(
      (kind) => [`${kind} to another issue's execution that is ${state}`, { kind, form: "id", state }] as const,
    ),
  ]),
);

type Flood = {
  readonly make: (at: number) => RecordedCommand;
  readonly count: (victim: Awaited<ReturnType<typeof openVictim>>) => number;
  readonly most: number;
};
const floods: AttackVariants<Flood> = {
  "1,000 backlog issues": {
    make: (at) => ({ kind: "backlog-add", body: `x${at}` }),
    count: ({ state }) => state.backlog.length,
    most: RESULT_LIMITS.backlog,
  },
  "1,000 tasks": {
    make: (at) => ({ kind: "create-task", step: step("task", { title: `t${at}` }) }),
    count: ({ state }) => Object.keys(state.ledger.executions).length,
    most: RESULT_LIMITS.tasks + 2,
  },
  "1,000 quick tasks": {
    make: (at) => ({ kind: "quick", prompt: `t${at}` }),
    count: ({ state }) => Object.keys(state.ledger.executions).length,
    most: RESULT_LIMITS.tasks + 2,
  },
  "1,000 questions to people": {
    make: () => ({ kind: "mail-send", to: "user", ...base }),
    count: ({ state }) => state.comments.filter(({ body }) => body.startsWith("<!-- enki:mail:")).length,
    most: RESULT_LIMITS.comments,
  },
  "1,000 mails to itself": {
    make: () => ({ kind: "mail-send", to: "coordinator", ...base }),
    count: ({ state }) => Object.keys(state.ledger.mails).length,
    most: RESULT_LIMITS.mails,
  },
  "1,000 mails to all workers": {
    make: () => ({ kind: "mail-send", to: "@workers", ...base }),
    count: ({ state }) => Object.keys(state.ledger.mails).length,
    most: RESULT_LIMITS.mails,
  },
  "1,000 replies to one mail": {
    make: () => ({ kind: "mail-reply", mail: "x", body: "b", status: "accepted" }),
    count: ({ state }) => Object.keys(state.ledger.mails).length,
    most: 0,
  },
  "1,000 proposals to stop": { make: () => ({ kind: "stop" }), count: ({ proposals }) => proposals(), most: 1 },
  "1,000 proposals of every kind": {
    make: (at) => ({ kind: (["pause", "cancel", "resume", "retry"] as const)[at % 4] ?? "pause", target: null }),
    count: ({ proposals }) => proposals(),
    most: RESULT_LIMITS.proposals,
  },
  "1,000 notes in a commit message": {
    make: () => ({ kind: "cancel", target: "nobody" }),
    count: ({ state }) => Math.max(...state.writes.map(({ notes }) => notes.length)),
    most: 30,
  },
};

const floodAttack = async ({ make, count, most }: Flood) => {
  const victim = await openVictim("running");
  await victim.deliver(
    "planner",
    Array.from({ length: 1_000 }, (_, at) => make(at)),
  );
  const made = count(victim);
  return made > most ? { through: `${made} of them, not ${most}` } : { stopped: "bounded" };
};

/** Records in a `result.json` in a form that no tool records. */
const MALFORMED: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(PERSONS_ONLY.map((kind) => [`a command for people: ${kind}`, RECORDS[kind]])),
  "an unknown kind": { kind: "approve" },
  "a kind named __proto__": JSON.parse('{"kind":"__proto__"}'),
  "a further key": { kind: "stop", force: true },
  "a target that is an object": { kind: "cancel", target: { id: "x" } },
  "an empty target": { kind: "cancel", target: "" },
  "a target of 10,000 characters": { kind: "cancel", target: "x".repeat(10_000) },
  "a step whose id is a path": { kind: "add-steps", steps: [step("../x")] },
  "a step whose id is constructor": { kind: "add-steps", steps: [step("constructor")] },
  "a need on a task that is none": { kind: "propose", plan: plan(step("a", { needs: [{ task: "__proto__-x", condition: "merged" }] })) },
  "a mail to an address that is none": { kind: "mail-send", to: "root", ...base },
  "a mail to a worker that is none": { kind: "mail-send", to: "worker/__proto__", ...base },
  "a mail without an end": { kind: "mail-send", to: "user", ...base, ttl: 1e12 },
  "a backlog issue with a negative number": { kind: "backlog-remove", issue: -1 },
  "a backlog issue with a fraction": { kind: "backlog-remove", issue: 1.5 },
  "a backlog text of a million characters": { kind: "backlog-add", body: "x".repeat(1_000_000) },
  "an outcome that is none": { kind: "report", status: "", outcome: "merged" },
};
const readAttack = ({ record }: { readonly record: unknown }) => {
  const result = {
    format: 2,
    job: "plan/abc123/1",
    run: 1,
    baseCommit: "a".repeat(40),
    end: "success",
    reason: "",
    output: "",
    artifact: null,
    files: [],
    spent: 0,
  };
  const read = readJobResult(JSON.stringify({ ...result, tools: [record] }));
  if (read !== null || recordedCommandSchema.safeParse(record).success) return { through: JSON.stringify(record).slice(0, 200) };
  return isRecord(readJobResult(JSON.stringify({ ...result, tools: [] })))
    ? { stopped: "unreadable" }
    : { through: "the frame is unreadable too" };
};

attackFamily("tools", foreignTools, callAttack);
attackFamily("tools", hostileArguments, callAttack);
attackFamily("tools", hostileIds, callAttack);
attackFamily("tools", hostileRecipients, callAttack);
attackFamily("tools", foreignRecords, recordAttack);
attackFamily("tools", steerings, steeringAttack);
attackFamily("tools", floods, floodAttack);
attackFamily(
  "tools",
  Object.fromEntries(Object.entries(MALFORMED).map(([name, record]) => [`result.json: ${name}`, { record }])),
  readAttack,
);
