/** Converts parsed JSON of format 1 to the names of format 2. Unknown shapes pass through unchanged: upgrades never throw. */
type Upgrade = (value: unknown) => unknown;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Renames members and upgrades their values; the order of members is preserved. */
const members = (names: Readonly<Record<string, string>>, parts: Readonly<Record<string, Upgrade>> = {}): Upgrade => {
  const nameOf = new Map(Object.entries(names));
  const partOf = new Map(Object.entries(parts));
  const upgradeMember = ([key, value]: [string, unknown]): [string, unknown] => [
    nameOf.get(key) ?? key,
    (partOf.get(key) ?? unchanged)(value),
  ];
  return (value) => (isObject(value) ? Object.fromEntries(Object.entries(value).map(upgradeMember)) : value);
};

const unchanged: Upgrade = (value) => value;

const each =
  (upgrade: Upgrade): Upgrade =>
  (value) =>
    Array.isArray(value) ? value.map((item) => upgrade(item)) : value;

/** Upgrades every value of an object with arbitrary keys. */
const values =
  (upgrade: Upgrade, upgradeKey: (key: string) => string = (key) => key): Upgrade =>
  (value) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [upgradeKey(key), upgrade(item)])) : value;

const word =
  (words: Readonly<Record<string, string>>): Upgrade =>
  (value) =>
    new Map<unknown, unknown>(Object.entries(words)).get(value) ?? value;

const upgradeRefusal = members({ why: "message" });

const upgradeState = word({ worker_done: "published" });

const upgradeHeadOrigin = members({ base: "baseTip", on: "builtOn" });

const upgradeResolution = members(
  {
    anew: "regenerated",
    commands: "regenerateCommands",
    tries: "failedAttempts",
    until: "deadline",
    made: "resolvedHead",
    said: "summary",
    from: "forkPoint",
    before: "headOrigin",
    blamed: "failedVerification",
  },
  { before: upgradeHeadOrigin },
);

const upgradeStep = members(
  {
    why: "refusal",
    from: "resumeAs",
    until: "deadline",
    base: "baseCommit",
    tip: "baseTip",
    on: "builtOn",
    touched: "unreadActivity",
    made: "headResults",
    answered: "answeredAttempt",
    remarks: "unreadRemarks",
    lands: "announcedLanding",
    conflicted: "pastConflicts",
  },
  {
    state: upgradeState,
    why: upgradeRefusal,
    from: upgradeState,
    head: members({ base: "baseTip" }),
    made: each(members({ base: "baseCommit" })),
    landed: members({ apart: "rewritten" }),
    resolution: upgradeResolution,
  },
);

const upgradeRoleRun = members(
  { why: "reason", units: "nodeRuns", before: "previousRound" },
  // A function, because a workflow node contains the state of the workflow that it calls.
  { units: each(members({}, { call: (state) => upgradeRunState(state) })), before: members({ why: "reason" }) },
);

const upgradeRunState = members({}, { roles: values(upgradeRoleRun), edges: each(members({ why: "reason" })) });

const upgradeWorkflowRun = members(
  { pieces: "nodes", skipped: "skippedRoles", over: "endState", asked: "reaskedSteps" },
  { state: upgradeRunState },
);

const upgradeExecution = members(
  { onPull: "onPullRequest", by: "requestedBy", base: "baseBranch", created: "createdAt", why: "refusal", adding: "amendment" },
  {
    why: upgradeRefusal,
    planning: members({ until: "deadline" }),
    steps: values(upgradeStep),
    adding: members({ by: "requestedBy", why: "refusal" }, { why: upgradeRefusal }),
    revision: members({ before: "earlierRequests", by: "requestedBy", why: "refusal" }, { why: upgradeRefusal }),
    workflow: upgradeWorkflowRun,
  },
);

/** Archived executions have either format; format 2 passes through unchanged. */
export const upgradeArchivedExecution: Upgrade = (value) => (isObject(value) && "createdAt" in value ? value : upgradeExecution(value));

const upgradeBrief = members(
  { until: "asOf", left: "omitted" },
  { files: each(members({ why: "reason" })), pull: members({ base: "baseBranch", more: "omittedFiles" }) },
);

const upgradeFeedback = members(
  { read: "readRemarks", left: "omittedCount", unread: "unreadRemarks" },
  { items: each(members({ said: "content" })) },
);

const upgradeCandidate = members({}, { runs: each(members({ until: "deadline" })) });

const upgradeQueueItem = members(
  { why: "refusal", cleared: "passedBefore", met: "mergedAgainst", red: "failedCommit", removed: "removals", beside: "failedWith" },
  { why: upgradeRefusal },
);

const upgradeLandingTerms = members({
  why: "reason",
  heads: "headChecks",
  byHand: "dispatchedWorkflows",
  told: "ownChecks",
  reviews: "requiredReviews",
  pinned: "requiresExactCommit",
});

const upgradeQueue = members(
  {
    landed: "landedTip",
    tip: "seenTip",
    left: "abandonedTips",
    sound: "greenCommits",
    trees: "verifiedTrees",
    groups: "failedGroups",
    seen: "recentOutcomes",
    reds: "strikesSinceGreen",
    terms: "landingTerms",
    refused: "pushRefusal",
    denied: "deniedMethods",
    refusedAt: "landingRefusedAt",
    askAgain: "askAgainAt",
  },
  {
    items: each(upgradeQueueItem),
    candidates: each(upgradeCandidate),
    frozen: upgradeRefusal,
    seen: members({ good: "passed", bad: "failed" }),
    terms: upgradeLandingTerms,
    landing: members({ out: "removedSince", tries: "attempts" }, { candidate: upgradeCandidate }),
  },
);

const KINDS: Readonly<Record<string, string>> = { say: "write-comment", "drop-issue": "close-backlog-issue" };

/** Effect keys start with `<kind>:`. */
const upgradeEffectKey = (key: string): string => {
  const [kind = ""] = key.split(":");
  return Object.hasOwn(KINDS, kind) ? `${KINDS[kind]}${key.slice(kind.length)}` : key;
};

const upgradeKey: Upgrade = (value) => (typeof value === "string" ? upgradeEffectKey(value) : value);

/** Old and new member names do not overlap, so effects of any kind share one table. */
const upgradeEffect = members(
  { base: "baseBranch", how: "squashOrRebase", on: "target", with: "reaction" },
  { kind: word(KINDS), key: upgradeKey },
);

const upgradeEffectRecord = members({ tries: "attempts", known: "number" }, { refused: members({ why: "reason" }) });

const upgradeEffects = members(
  { traces: "effectRecords" },
  { outbox: values(upgradeEffect, upgradeEffectKey), traces: values(upgradeEffectRecord, upgradeEffectKey) },
);

const upgradeInbox = members({ handled: "handledEvents" });

/** Upgrades a ledger file by its path. Plans, mails and the backlog have the same names in both formats. */
export const upgradeFile = (path: string, value: unknown): unknown => {
  const [folder = "", , file = ""] = path.split("/");
  switch (folder) {
    case "inbox.json":
      return upgradeInbox(value);
    case "effects.json":
      return upgradeEffects(value);
    case "queues":
      return upgradeQueue(value);
    case "executions":
      if (file === "state.json") return upgradeExecution(value);
      if (file === "brief.json") return upgradeBrief(value);
      return file.startsWith("feedback-") ? upgradeFeedback(value) : value;
    default:
      return value;
  }
};

/** Upgrades a `result.json` of format 1; any other content passes through unchanged. */
export const upgradeResult: Upgrade = (value) =>
  isObject(value) && value["format"] === 1 ? { ...(upgradeResultNames(value) as object), format: 2 } : value;

const upgradeResultNames = members({ base: "baseCommit", why: "reason" });
