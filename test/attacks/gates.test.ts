import { expect, test } from "vitest";
import { readComment, readReview } from "../../src/core/events/read-comment.ts";
import type { Config } from "../../src/core/domain/config.ts";
import type { Execution } from "../../src/core/domain/execution.ts";
import type { Step, StepDecision } from "../../src/core/domain/step.ts";
import type { GitHubComment, RepositoryPermission, Review } from "../../src/core/domain/github-facts.ts";
import { hashValue } from "../../src/core/domain/ids.ts";
import { toTaskRef } from "../../src/core/domain/refs.ts";
import { plan, step } from "../support/build.ts";
import { config } from "../support/config.ts";
import { openStory } from "../support/story.ts";
import { attackFamily, type AttackEnd } from "./attack-family.ts";

type Story = ReturnType<typeof openStory>;
const SELF = "enki[bot]";
const ONE = plan(step("fix", { checkpoint: true }));
const withPolicy = (selfApproval: Config["policy"]["selfApproval"]): Config => config({ policy: { ...config().policy, selfApproval } });
const withLanding = (landing: Config["refinery"]["landing"]): Config => config({ refinery: { ...config().refinery, landing } });

const hasLanded = (it: Story): boolean => it.base() !== it.root || it.state.merges.length > 0 || it.at("fix")?.landed !== null;
const endOf = (it: Story, code: string | undefined): AttackEnd =>
  hasLanded(it) ? { through: `landed: ${it.state.writes.flatMap(({ notes }) => notes).at(-1) ?? ""}` } : { stopped: code ?? "held" };

// 1. Reviews of a checkpoint.

type ReviewAttack = {
  /** Reviews in order; absent fields have the values of an honest approval of the head. */
  readonly reviews: (scene: { head: string; now: number }) => readonly Partial<Review>[];
  readonly permissions?: Readonly<Record<string, RepositoryPermission>>;
  readonly selfApproval?: Config["policy"]["selfApproval"];
  /** Pushers of the head from GitHub's record of activity; null if unknown, absent for an agent's head. */
  readonly pushers?: readonly string[] | null;
};

/** Opens a checkpoint whose verified head waits for a review. */
const awaitReview = async (attack: Pick<ReviewAttack, "selfApproval" | "pushers" | "permissions">) => {
  const it = openStory({ config: withPolicy(attack.selfApproval ?? ["requester"]) });
  Object.assign(it.state.permissions, { other: "write", outsider: "read", stranger: "none", ...attack.permissions });
  await it.propose(ONE);
  await it.approve();
  await it.worked("fix");
  if (attack.pushers !== undefined) {
    const pushed = hashValue("a commit by a person").slice(0, 40);
    it.state.parents.set(pushed, [it.head("fix") ?? ""]);
    it.state.refs[toTaskRef(it.task("fix"))] = pushed;
    it.state.pulls = it.state.pulls.map((pull) => ({ ...pull, head: pushed, hasActivity: true }));
    if (attack.pushers !== null) it.state.pushers.set(pushed, attack.pushers);
    await it.tell({ kind: "woken" });
  }
  for (let run = 0; run < 4 && it.running().some((job) => job.startsWith("verify/")); run += 1) await it.verified();
  return it;
};

const runReviews = async (attack: ReviewAttack): Promise<AttackEnd> => {
  const it = await awaitReview(attack);
  const pull = it.pull("fix")?.number ?? 0;
  const given = attack.reviews({ head: it.head("fix") ?? "", now: it.state.now });
  const honest = { by: "other", bot: false, verdict: "approved" as const, text: "", head: it.head("fix") ?? "", at: it.state.now };
  it.state.pulls = it.state.pulls.map((each) => ({ ...each, hasActivity: true }));
  it.state.reviews.set(
    pull,
    given.map((review, index) => ({ ...honest, id: index + 1, ...review })),
  );
  for (let look = 0; look < 3; look += 1) {
    await it.tell({ kind: "woken", activity: "reviews", pull });
    for (let run = 0; run < 3 && it.running().some((job) => job.startsWith("verify/")); run += 1) await it.verified();
  }
  return endOf(it, it.at("fix")?.refusal?.code);
};

test("an honest approval of a checkpoint lands it, so that the attacks below can fail", async () => {
  expect(await runReviews({ reviews: () => [{}] })).toHaveProperty("through");
  expect(await runReviews({ reviews: () => [{}], pushers: ["mallory"] })).toHaveProperty("through");
  expect(await runReviews({ reviews: () => [{ by: "maintainer" }], pushers: ["mallory"] })).toHaveProperty("through");
  expect(
    await runReviews({
      reviews: () => [{ by: "mallory" }],
      pushers: ["mallory"],
      selfApproval: ["pusher"],
      permissions: { mallory: "write" },
    }),
  ).toHaveProperty("through");
  // Two people are four eyes, regardless of the pusher.
  expect(
    await runReviews({ reviews: () => [{ by: "mallory" }, {}], pushers: ["mallory"], permissions: { mallory: "write" } }),
  ).toHaveProperty("through");
  expect(await runReviews({ reviews: () => [{ by: "mallory" }, {}], pushers: null, permissions: { mallory: "write" } })).toHaveProperty(
    "through",
  );
});

const OLD = "0".repeat(39) + "1";
const AUTHORS: Readonly<Record<string, Partial<Review>>> = {
  "a person with read access": { by: "outsider" },
  "a person without access": { by: "stranger" },
  "an unknown person": { by: "nobody" },
  "a bot with write access": { by: "other", bot: true },
  "Enki itself": { by: SELF, bot: true },
  "an account named like a prototype": { by: "constructor" },
};
const FORMS: Readonly<Record<string, (scene: { head: string; now: number }) => readonly Partial<Review>[]>> = {
  "an approval of an older head": () => [{ head: OLD }],
  "an approval of this head in capitals": ({ head }) => [{ head: head.toUpperCase() }],
  "an approval of the head's first characters": ({ head }) => [{ head: head.slice(0, 12) }],
  "an approval of no commit": () => [{ head: "" }],
  "an approval from before the head": ({ now }) => [{ at: now - 10 * 60_000 }],
  "an approval at the beginning of time": () => [{ at: 0 }],
  "an approval that was dismissed": () => [{ verdict: "dismissed" }],
  "an approval and its dismissal": () => [{}, { verdict: "dismissed" }],
  "a comment that says approved": () => [{ verdict: "commented", text: "APPROVED, LGTM" }],
  "a comment with the command": ({ head }) => [{ verdict: "commented", text: `/enki approve ${head}` }],
  "an approval, and then a request for changes": () => [{}, { verdict: "changes-requested", text: "no" }],
  "an approval beside another person's request for changes": () => [{}, { by: "maintainer", verdict: "changes-requested", text: "no" }],
  "approvals of two older heads": () => [{ head: OLD }, { by: "maintainer", head: OLD }],
};
const reviewVariants = Object.fromEntries([
  ...Object.entries(FORMS).map(([name, reviews]) => [name, { reviews }] as const),
  ...Object.entries(AUTHORS).flatMap(([who, over]) => [
    [`an approval by ${who}`, { reviews: () => [over] }] as const,
    [`two approvals by ${who}`, { reviews: () => [over, over] }] as const,
    [`an approval by ${who} after a comment of a maintainer`, { reviews: () => [{ verdict: "commented" as const }, over] }] as const,
  ]),
  ...(["read", "none"] as const).map(
    (now) =>
      [`an approval by a person whose access is ${now} by now`, { reviews: () => [{ by: "other" }], permissions: { other: now } }] as const,
  ),
]);
attackFamily<ReviewAttack>("gates", reviewVariants, runReviews);

const PUSHERS: Readonly<Record<string, readonly string[] | null>> = {
  "pushed the head": ["mallory"],
  "pushed the head, with another capital letter": ["Mallory"],
  "pushed before Enki rebased": [SELF, "mallory"],
  "pushed below another person's push": ["other", "mallory"],
  "may have pushed, which GitHub does not know": null,
  "pushed beside many others": ["other", "one", "two", "mallory", "three"],
};
const SELF_REVIEWS: Readonly<Record<string, readonly Partial<Review>[]>> = {
  "one approval": [{ by: "mallory" }],
  "one approval, written otherwise": [{ by: "MALLORY" }],
  "approvals twice": [{ by: "mallory" }, { by: "mallory" }],
  "an approval beside a bot's": [{ by: "mallory" }, { by: "ci[bot]", bot: true }],
  "an approval beside one without access": [{ by: "mallory" }, { by: "stranger" }],
  "an approval beside a dismissed one": [{ by: "mallory" }, { by: "other", verdict: "dismissed" }],
  "an approval beside one of an older head": [{ by: "mallory" }, { by: "other", head: OLD }],
};
attackFamily<ReviewAttack>(
  "gates",
  Object.fromEntries(
    Object.entries(PUSHERS).flatMap(([who, pushers]) =>
      Object.entries(SELF_REVIEWS).map(
        ([how, reviews]) =>
          [
            `self-approval: ${how} by a person who ${who}`,
            {
              reviews: () => reviews,
              pushers,
              permissions: { mallory: "write", MALLORY: "write" },
              expected: pushers === null ? "pusher-unknown" : "self-approval",
            },
          ] as const,
      ),
    ),
  ),
  runReviews,
);
attackFamily<ReviewAttack>(
  "gates",
  Object.fromEntries(
    ([[], ["pusher"]] as const).flatMap((selfApproval) =>
      (["maintainer", "Maintainer"] as const).map(
        (by) =>
          [
            `self-approval: the requester alone, as ${by}, where ${selfApproval.length === 0 ? "nobody" : "only a pusher"} may`,
            { reviews: () => [{ by }], selfApproval, permissions: { Maintainer: "write" }, expected: "self-approval" },
          ] as const,
      ),
    ),
  ),
  runReviews,
);

// 2. Approvals of a plan: nothing may start.

type PlanAttack = {
  readonly comment: (scene: { hash: string; now: number; it: Story }) => Partial<GitHubComment>;
  readonly permission?: RepositoryPermission;
  readonly asReview?: Partial<{ verdict: Review["verdict"]; edited: boolean; bot: boolean }>;
};
const runPlan = async ({ comment, permission = "write", asReview }: PlanAttack): Promise<AttackEnd> => {
  const it = openStory();
  it.state.permissions["other"] = permission;
  await it.propose(plan(step("fix")));
  const hash = it.execution()?.plan ?? "";
  const base = { id: 900, issue: 1, onPull: false, by: "other", bot: false, created: it.state.now, updated: it.state.now };
  const given = { ...base, body: "", ...comment({ hash, now: it.state.now, it }) };
  const events = asReview
    ? readReview(
        {
          id: 900,
          pull: 1,
          text: given.body,
          by: given.by,
          bot: false,
          at: given.created,
          edited: false,
          verdict: "commented",
          ...asReview,
        },
        SELF,
      )
    : readComment(given, SELF);
  await it.tell(...events, { kind: "woken" });
  const { state = "planning" } = it.execution() ?? {};
  if (state !== "proposed" || it.isRunning(`work/${it.task("fix")}/1`)) return { through: state };
  const code = ["reply", "confused"].find((each) => it.state.comments.some(({ body }) => body.includes(each)));
  return { stopped: code === undefined ? "unread" : "answered" };
};
const approve = (hash: string): string => `/enki approve ${hash.slice(0, 12)}`;

test("an honest approval of a plan starts it, so that the attacks below can fail", async () => {
  expect(await runPlan({ comment: ({ hash }) => ({ body: approve(hash) }) })).toEqual({ through: "running" });
});

const PLAN_ATTACKS: Readonly<Record<string, PlanAttack>> = {
  "by a person with read access": { comment: ({ hash }) => ({ body: approve(hash) }), permission: "read" },
  "by a person without access": { comment: ({ hash }) => ({ body: approve(hash) }), permission: "none" },
  "by an unknown account": { comment: ({ hash }) => ({ body: approve(hash), by: "nobody" }) },
  "by a bot": { comment: ({ hash }) => ({ body: approve(hash), bot: true }) },
  "by Enki": { comment: ({ hash }) => ({ body: approve(hash), by: SELF }) },
  "by an account named toString": { comment: ({ hash }) => ({ body: approve(hash), by: "toString" }) },
  "in a comment that was edited later": { comment: ({ hash, now }) => ({ body: approve(hash), updated: now + 60_000 }) },
  "in a comment that was edited within a second": { comment: ({ hash, now }) => ({ body: approve(hash), updated: now + 1 }) },
  "on another issue": { comment: ({ hash }) => ({ body: approve(hash), issue: 2 }) },
  "of another hash": { comment: () => ({ body: approve(hashValue("another plan")) }) },
  "of a hash with one more character": { comment: ({ hash }) => ({ body: `/enki approve ${hash}0` }) },
  "of a hash with a wrong end": { comment: ({ hash }) => ({ body: `/enki approve ${hash.slice(0, 11)}${hash[11] === "0" ? "1" : "0"}` }) },
  "of too few characters": { comment: ({ hash }) => ({ body: `/enki approve ${hash.slice(0, 3)}` }) },
  "of one character": { comment: ({ hash }) => ({ body: `/enki approve ${hash.slice(0, 1)}` }) },
  "without a hash": { comment: () => ({ body: "/enki approve" }) },
  "of everything": { comment: () => ({ body: "/enki approve all" }) },
  "of a pattern": { comment: () => ({ body: "/enki approve *" }) },
  "of the end of the hash": { comment: ({ hash }) => ({ body: `/enki approve ${hash.slice(-12)}` }) },
  "of the execution": { comment: ({ it }) => ({ body: `/enki approve ${it.execution()?.id ?? ""}` }) },
  "of the step": { comment: ({ it, hash }) => ({ body: `/enki approve ${it.task("fix")}@${hash.slice(0, 12)}` }) },
  "in a quote": { comment: ({ hash }) => ({ body: `> ${approve(hash)}` }) },
  "in a code block": { comment: ({ hash }) => ({ body: `\`\`\`\n${approve(hash)}\n\`\`\`` }) },
  "in a code span": { comment: ({ hash }) => ({ body: `\`${approve(hash)}\`` }) },
  "in an HTML comment": { comment: ({ hash }) => ({ body: `<!--\n${approve(hash)}\n-->` }) },
  "in the middle of a sentence": { comment: ({ hash }) => ({ body: `I would say ${approve(hash)} but no` }) },
  "in a details element's attribute": { comment: ({ hash }) => ({ body: `<details title="\n${approve(hash)}\n"></details>` }) },
  "in indented code": { comment: ({ hash }) => ({ body: `text\n\n    ${approve(hash)}` }) },
  "in a dismissed review by a reader": {
    comment: ({ hash }) => ({ body: approve(hash) }),
    permission: "read",
    asReview: { verdict: "dismissed" },
  },
  "in an approving review by a reader": {
    comment: ({ hash }) => ({ body: approve(hash) }),
    permission: "read",
    asReview: { verdict: "approved" },
  },
  "in an edited review": { comment: ({ hash }) => ({ body: approve(hash) }), asReview: { edited: true } },
  "in a bot's review": { comment: ({ hash }) => ({ body: approve(hash) }), asReview: { bot: true } },
};
attackFamily(
  "gates",
  Object.fromEntries(Object.entries(PLAN_ATTACKS).map(([name, attack]) => [`a plan's approval ${name}`, attack])),
  runPlan,
);

// 3. The ledger has an approved plan, and GitHub contradicts the approval right before the landing.

type LandingAttack = {
  /** Changes GitHub's view or the ledger after the work. */
  readonly turn: (scene: { it: Story; comment: GitHubComment; execution: Execution }) => void;
  readonly landing: Config["refinery"]["landing"];
};
const LANDING_PLAN = plan(step("fix"));
const runLanding = async ({ turn, landing }: LandingAttack): Promise<AttackEnd> => {
  const it = openStory({ config: withLanding(landing) });
  await it.propose(LANDING_PLAN);
  await it.approve();
  await it.worked("fix");
  const execution = it.execution();
  if (execution?.approved?.source?.kind !== "comment") return { through: "the ledger does not know the comment" };
  const { source, by, at, plan: hash } = execution.approved;
  const comment = { id: source.id, issue: 1, onPull: false, by, bot: false, created: at, updated: at, body: approve(hash) };
  turn({ it, comment, execution });
  await it.verified();
  for (let look = 0; look < 3; look += 1) await it.tell({ kind: "woken" });
  return endOf(it, it.at("fix")?.refusal?.code);
};

test.each(["exact", "each"] as const)(
  "work lands in mode %s while GitHub shows the approval, so that the attacks below can fail",
  async (landing) => {
    expect(await runLanding({ turn: () => undefined, landing })).toHaveProperty("through");
  },
);

const shown =
  (change: (comment: GitHubComment) => GitHubComment | null): LandingAttack["turn"] =>
  ({ it, comment }) =>
    void it.state.said.set(comment.id, change(comment));
const forged =
  (change: (execution: Execution) => Execution): LandingAttack["turn"] =>
  ({ it, execution }) => {
    it.state.ledger = { ...it.state.ledger, executions: { ...it.state.ledger.executions, [execution.id]: change(execution) } };
  };
const approvedAs = (over: Partial<NonNullable<Execution["approved"]>>): LandingAttack["turn"] =>
  forged((execution) => ({ ...execution, approved: execution.approved && { ...execution.approved, ...over } }));

const TURNS: Readonly<Record<string, LandingAttack["turn"]>> = {
  "the comment is deleted": shown(() => null),
  "the comment was edited": shown((comment) => ({ ...comment, updated: comment.created + 60_000 })),
  "the comment was edited within the second": shown((comment) => ({ ...comment, updated: comment.created + 1 })),
  "the comment was edited into another approval": shown((comment) => ({
    ...comment,
    updated: comment.created + 60_000,
    body: approve(hashValue("x")),
  })),
  "the comment says nothing of a plan": shown((comment) => ({ ...comment, body: "Looks good" })),
  "the comment is empty": shown((comment) => ({ ...comment, body: "" })),
  "the comment names another plan": shown((comment) => ({ ...comment, body: approve(hashValue("another")) })),
  "the comment cancels": shown((comment) => ({ ...comment, body: "/enki cancel" })),
  "the comment only quotes the approval": shown((comment) => ({ ...comment, body: `> ${comment.body}` })),
  "the comment shows the approval as code": shown((comment) => ({ ...comment, body: `\`\`\`\n${comment.body}\n\`\`\`` })),
  "the comment hides the approval": shown((comment) => ({ ...comment, body: `<!--\n${comment.body}\n-->` })),
  "the comment is by somebody else": shown((comment) => ({ ...comment, by: "other" })),
  "the comment is by a bot": shown((comment) => ({ ...comment, bot: true })),
  "the comment is by Enki": shown((comment) => ({ ...comment, by: SELF, bot: true })),
  "its author may only read by now": ({ it }) => void (it.state.permissions["maintainer"] = "read"),
  "its author is no collaborator by now": ({ it }) => void (it.state.permissions["maintainer"] = "none"),
  "its author has another name by now": ({ it }) => void delete it.state.permissions["maintainer"],
  "the ledger names no comment": forged(({ approved, ...execution }) => ({
    ...execution,
    approved: approved && { plan: approved.plan, by: approved.by, at: approved.at },
  })),
  "the ledger names a comment that does not exist": approvedAs({ source: { kind: "comment", id: 4_711 } }),
  "the ledger names the comment that asked": approvedAs({ source: { kind: "comment", id: 1 } }),
  "the ledger names the issue": approvedAs({ source: { kind: "issue" } }),
  "the ledger names a label": approvedAs({ source: { kind: "label", name: "enki" } }),
  "the ledger names an assignment": approvedAs({ source: { kind: "assignment" } }),
  "the ledger names another person": approvedAs({ by: "other" }),
  "the ledger names a person named like a prototype": approvedAs({ by: "__proto__" }),
  "the ledger names another plan": approvedAs({ plan: hashValue("another") }),
  "the ledger names no approval": forged((execution) => ({ ...execution, approved: null })),
  "another plan was put in the place of the approved one": ({ it, execution }) => {
    const other = plan(step("fix", { title: "Something else" }));
    const hash = hashValue(other);
    const approved = execution.approved && { ...execution.approved, plan: hash };
    const changed = { ...execution, plan: hash, approved };
    it.state.ledger = {
      ...it.state.ledger,
      plans: { ...it.state.ledger.plans, [hash]: other },
      executions: { ...it.state.ledger.executions, [execution.id]: changed },
    };
  },
};
attackFamily(
  "gates",
  Object.fromEntries(
    (["exact", "each"] as const).flatMap((landing) =>
      Object.entries(TURNS).map(
        ([name, turn]) => [`${name} before a landing in mode ${landing}`, { turn, landing, expected: "approval-gone" }] as const,
      ),
    ),
  ),
  runLanding,
);

test("a person who approves again releases the held step, and it lands", async () => {
  const it = openStory();
  await it.propose(LANDING_PLAN);
  await it.approve();
  await it.worked("fix");
  const id = it.execution()?.approved?.source;
  it.state.said.set(id?.kind === "comment" ? id.id : 0, null);
  await it.verified();
  expect(it.at("fix")).toMatchObject({ state: "waiting", refusal: { code: "approval-gone" } });
  expect(it.comment()).toContain(`/enki approve ${it.execution()?.plan?.slice(0, 12) ?? ""}`);
  await it.approve();
  expect(it.state_("fix")).toBe("done");
  it.replay();
});

// 4. The ledger has a skipped step or an approved report, and GitHub contradicts the decision right before a landing that needs it.

type DecisionAttack = {
  readonly decided: "skip" | "approve-step";
  readonly turn: (scene: { it: Story; comment: GitHubComment; change: (over: (step: Step) => Step) => void }) => void;
};
const DECIDED_PLAN = plan(step("look", { output: "artifact", checkpoint: true }), step("fix", { needs: ["look"] }));

const openDecision = async (decided: DecisionAttack["decided"]): Promise<Story> => {
  const it = openStory();
  await it.propose(DECIDED_PLAN);
  await it.approve();
  await it.end(`work/${it.task("look")}/`, { end: "artifact", artifact: "# Found\n" });
  const head = it.at("look")?.result?.slice(0, 12) ?? "";
  await it.say(1, decided === "skip" ? { kind: "skip", target: it.task("look") } : { kind: "approve-step", task: it.task("look"), head });
  await it.worked("fix");
  return it;
};

const runDecision = async ({ decided, turn }: DecisionAttack): Promise<AttackEnd> => {
  const it = await openDecision(decided);
  const { decision, result } = it.at("look") ?? {};
  if (decision?.source.kind !== "comment") return { through: "the ledger does not know the comment" };
  const { by, source } = decision;
  const body = decided === "skip" ? `/enki skip ${it.task("look")}` : `/enki approve ${it.task("look")}@${result?.slice(0, 12) ?? ""}`;
  const at = it.state.now;
  const change = (over: (step: Step) => Step): void => {
    const execution = it.execution();
    const look = it.at("look");
    if (!execution || !look) throw new Error("there is no such step");
    const changed = { ...execution, steps: { ...execution.steps, look: over(look) } };
    it.state.ledger = { ...it.state.ledger, executions: { ...it.state.ledger.executions, [execution.id]: changed } };
  };
  turn({ it, comment: { id: source.id, issue: 1, onPull: false, by, bot: false, created: at, updated: at, body }, change });
  await it.verified();
  for (let look = 0; look < 3; look += 1) await it.tell({ kind: "woken" });
  return endOf(it, it.at("fix")?.refusal?.code);
};

test.each(["skip", "approve-step"] as const)(
  "work lands while GitHub shows the %s of what it needs, so that the attacks below can fail",
  async (decided) => {
    expect(await runDecision({ decided, turn: () => undefined })).toHaveProperty("through");
    expect(await runDecision({ decided, turn: ({ it, comment }) => void it.state.said.set(comment.id, comment) })).toHaveProperty(
      "through",
    );
  },
);

const showing =
  (over: (comment: GitHubComment) => GitHubComment | null): DecisionAttack["turn"] =>
  ({ it, comment }) =>
    void it.state.said.set(comment.id, over(comment));
const recorded =
  (over: (decision: StepDecision) => StepDecision | undefined): DecisionAttack["turn"] =>
  ({ change }) =>
    change(({ decision, ...look }) => {
      const changed = decision && over(decision);
      return { ...look, ...(changed && { decision: changed }) };
    });

const DECISION_TURNS: Readonly<Record<string, DecisionAttack["turn"]>> = {
  "the comment is deleted": showing(() => null),
  "the comment was edited": showing((comment) => ({ ...comment, updated: comment.created + 60_000 })),
  "the comment is empty": showing((comment) => ({ ...comment, body: "" })),
  "the comment only thinks about it": showing((comment) => ({ ...comment, body: `Should we say ${comment.body}?` })),
  "the comment quotes it": showing((comment) => ({ ...comment, body: `> ${comment.body}` })),
  "the comment shows it as code": showing((comment) => ({ ...comment, body: `\`\`\`\n${comment.body}\n\`\`\`` })),
  "the comment hides it": showing((comment) => ({ ...comment, body: `<!--\n${comment.body}\n-->` })),
  "the comment retries": showing((comment) => ({ ...comment, body: comment.body.replace(/skip|approve/, "retry").replace(/@.*/, "") })),
  "the comment names another step": showing((comment) => ({ ...comment, body: comment.body.replace("look", "fix") })),
  "the comment is by somebody else": showing((comment) => ({ ...comment, by: "other" })),
  "the comment is by a bot": showing((comment) => ({ ...comment, bot: true })),
  "its author may only read by now": ({ it }) => void (it.state.permissions["maintainer"] = "read"),
  "its author is no collaborator by now": ({ it }) => void (it.state.permissions["maintainer"] = "none"),
  "the ledger names no comment": recorded(() => undefined),
  "the ledger names a comment that does not exist": recorded((decision) => ({ ...decision, source: { kind: "comment", id: 4_711 } })),
  "the ledger names the comment that asked": recorded((decision) => ({ ...decision, source: { kind: "comment", id: 1 } })),
  "the ledger names the issue": recorded((decision) => ({ ...decision, source: { kind: "issue" } })),
  "the ledger names a label": recorded((decision) => ({ ...decision, source: { kind: "label", name: "enki" } })),
  "the ledger names a request of CI": recorded((decision) => ({ ...decision, source: { kind: "request", commit: "1".repeat(40) } })),
  "the ledger names another person": recorded((decision) => ({ ...decision, by: "other" })),
  "the ledger names a person named like a prototype": recorded((decision) => ({ ...decision, by: "__proto__" })),
};
attackFamily(
  "gates",
  {
    ...Object.fromEntries(
      (["skip", "approve-step"] as const).flatMap((decided) =>
        Object.entries(DECISION_TURNS).map(
          ([name, turn]) =>
            [
              `${name} after a ${decided} of what lands next`,
              { decided, turn, expected: name.startsWith("its author") ? "approval-gone" : "decision-gone" },
            ] as const,
        ),
      ),
    ),
    "the approval names another report": {
      decided: "approve-step",
      turn: showing((comment) => ({ ...comment, body: comment.body.replace(/@.*/, `@${"0".repeat(12)}`) })),
      expected: "decision-gone",
    },
    "the report was replaced after its approval": {
      decided: "approve-step",
      turn: ({ change }) => change((look) => ({ ...look, result: "e".repeat(40) })),
      expected: "decision-gone",
    },
  },
  runDecision,
);

test.each(["skip", "approve-step"] as const)("a person who repeats the %s releases the held step, and it lands", async (decided) => {
  const it = await openDecision(decided);
  const { decision, result } = it.at("look") ?? {};
  it.state.said.set(decision?.source.kind === "comment" ? decision.source.id : 0, null);
  await it.verified();
  expect(it.at("fix")).toMatchObject({ state: "waiting", refusal: { code: "decision-gone" } });
  const head = result?.slice(0, 12) ?? "";
  const line = decided === "skip" ? `/enki skip ${it.task("look")}` : `/enki approve ${it.task("look")}@${head}`;
  expect(it.comment()).toContain(line);
  await it.say(1, decided === "skip" ? { kind: "skip", target: it.task("look") } : { kind: "approve-step", task: it.task("look"), head });
  expect(it.state_("fix")).toBe("done");
  it.replay();
});
