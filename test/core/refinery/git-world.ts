import type { RepositoryClone } from "../../../src/storage/git/repository-clone.ts";
import type { RefMove } from "../../../src/core/domain/decision.ts";
import type { BranchName, Sha, TaskId } from "../../../src/core/domain/ids.ts";
import { type ChainLink, toQueryKey } from "../../../src/core/domain/query.ts";
import { toBranchRef, toCandidateRef, toTaskRef } from "../../../src/core/domain/refs.ts";
import { emptyLedger, jobOf, type Ledger, type Result, type Snapshot, type Step, takeTurn, type Turn } from "./coordinator.ts";
import type { Random } from "./history.ts";

type Repository = { readonly one: RepositoryClone; readonly two: RepositoryClone; readonly git: (...args: string[]) => string };
type Job = { readonly commit: Sha; end: Result["end"] | null };

const LINES = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Plays a history of few steps on real git, with real merges, pushes with leases, and two writing clones. Returns the violations. */
export const playOnGit = async ({ one, two, git }: Repository, { name, rng }: { name: string; rng: Random }): Promise<string[]> => {
  const base: BranchName = name;
  const ledgerRef = `refs/enki/ledgers/${name}`;
  const retries = rng() < 0.5 ? 0 : 1;
  const settings = { parallel: 1 + Math.floor(rng() * 4), retries, together: rng() < 0.8, reuse: rng() < 0.5 };
  const jobs = new Map<string, Job>();
  const people: Sha[] = [];
  const facts = new Map<string, readonly ChainLink[]>();
  const contained = new Map<string, boolean>();
  const heads = new Map<TaskId, Sha>();
  const held = new Set<TaskId>();
  const landed: Sha[] = [];
  let ledger: Ledger = emptyLedger;
  let results: Result[] = [];
  let saves = 0;
  /** Whether a person pushed a commit that the first clone has not fetched. */
  let stale = false;
  let at: Sha | null = null;
  let now = 1_000_000;

  const write = async (clone: RepositoryClone, parents: readonly Sha[], files: Record<string, string>): Promise<Sha> => {
    const map = new Map(Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" as const }]));
    const tree = await clone.writeFiles(parents[0] ?? null, map);
    return clone.writeCommit({ tree, parents, message: "work", at: 1_000_000_000_000 });
  };
  const shared = (line: number, text: string): string => LINES.map((each, index) => (index === line ? text : each)).join("\n");
  const root = await write(one, [], { "shared.txt": LINES.join("\n") });
  await one.push([{ ref: toBranchRef(base), oldSha: null, newSha: root }]);
  let tip = root;

  const task = (index: number): TaskId => `abcdef-${name}-s${index}`;
  const count = 1 + Math.floor(rng() * 3);
  const bad = new Set(Array.from({ length: count }, (_, index) => index).filter(() => rng() < 0.2));
  const steps: Step[] = [];

  const publish = async (): Promise<void> => {
    const index = steps.length;
    if (index >= count) return;
    const need = index > 0 && rng() < 0.4 ? steps[index - 1] : undefined;
    const from = need ? (heads.get(need.task) ?? root) : root;
    const clash = rng() < 0.15 ? { "shared.txt": shared(0, `by ${index}`) } : {};
    const head = await write(one, [from], { [`s${index}.txt`]: bad.has(index) ? "bad" : "good", ...clash });
    await one.push([{ ref: toTaskRef(task(index)), oldSha: null, newSha: head }]);
    heads.set(task(index), head);
    const step: Step = { task: task(index), base, needs: need ? [need.task] : [], state: "published", head, refusal: null, landed: null };
    steps.push(step);
    ledger = { ...ledger, steps: new Map(ledger.steps).set(step.task, step) };
  };

  const snapshot = (): Snapshot => ({
    now,
    ledger,
    bases: { [base]: tip },
    heads: new Map(heads),
    held: new Set(held),
    results: [...results],
    ...settings,
    chain: (query) => facts.get(toQueryKey(query)),
    contains: (commit, of) => contained.get(`${commit} ${of}`),
    fresh: (step, needed) => contained.get(`${needed.head} ${step.head}`) ?? true,
  });

  /** Plans, and answers the plan's queries with git, until the plan is complete. */
  const decide = async (clone: RepositoryClone): Promise<Turn | null> => {
    for (const step of ledger.steps.values())
      for (const need of step.needs) {
        const [needed, head] = [heads.get(need) ?? "", heads.get(step.task) ?? ""];
        const key = `${needed} ${head}`;
        if (!contained.has(key)) contained.set(key, await clone.isAncestor(needed, head));
      }
    for (let tries = 0; tries < 40; tries += 1) {
      const read = snapshot();
      const missing: Promise<void>[] = [];
      const turn = takeTurn({
        ...read,
        chain: (query) => {
          const known = facts.get(toQueryKey(query));
          if (!known) missing.push(clone.mergeChain(query).then((links) => void facts.set(toQueryKey(query), links)));
          return known;
        },
        contains: (commit, of) => {
          const known = contained.get(`${commit} ${of}`);
          if (known === undefined) missing.push(clone.isAncestor(commit, of).then((is) => void contained.set(`${commit} ${of}`, is)));
          return known;
        },
      });
      if (turn) return turn;
      await Promise.all(missing);
    }
    return null;
  };

  const save = async (clone: RepositoryClone, turn: Turn, from: Sha | null): Promise<boolean> => {
    if (!turn.urgent) return true;
    const made = await clone.writeCommit({
      tree: await clone.writeFiles(null, new Map()),
      parents: from ? [from] : [],
      message: `write ${saves} ${now}`,
      at: now,
    });
    const moves: RefMove[] = [
      { ref: ledgerRef, oldSha: from, newSha: made },
      ...turn.moves.map((move) => ({ ref: toBranchRef(base), oldSha: move.from, newSha: move.to })),
      ...turn.guards.map(({ task: of, head }) => ({ ref: toTaskRef(of), oldSha: head, newSha: head })),
      ...turn.plans.flatMap(({ plan: { refs } }) =>
        refs.flatMap(({ kind, commit }) =>
          kind === "candidate" && !turn.read.ledger.asked.has(jobOf(commit, 1))
            ? [{ ref: toCandidateRef(base, commit), oldSha: null, newSha: commit }]
            : [],
        ),
      ),
    ];
    const { kind } = await clone.push(moves);
    if (kind !== "pushed") return false;
    saves += 1;
    at = made;
    ledger = turn.ledger;
    for (const { to } of turn.moves) {
      tip = to;
      landed.push(to);
    }
    const absorbed = new Set(turn.read.results.map((each) => jobOf(each.commit, each.attempt)));
    results = results.filter((each) => !absorbed.has(jobOf(each.commit, each.attempt)));
    return true;
  };

  const tick = async (clone: RepositoryClone): Promise<boolean> => {
    const turn = await decide(clone);
    if (!turn || !(await save(clone, turn, at))) return false;
    for (const { commit, attempt } of turn.starts)
      if (!jobs.has(jobOf(commit, attempt))) jobs.set(jobOf(commit, attempt), { commit, end: null });
    return turn.urgent;
  };

  const end = async (luck: number): Promise<boolean> => {
    const found = [...jobs].find(([, job]) => job.end === null);
    if (!found) return false;
    const [key, job] = found;
    const files = await one.readFiles(job.commit, (path) => /^s\d+\.txt$/.test(path));
    const isGood = [...files.values()].every((content) => content.toString("utf8") === "good");
    job.end = luck < 0.1 ? "crashed" : isGood ? "success" : "failed";
    results.push({ commit: job.commit, attempt: Number(key.slice(key.indexOf("/") + 1)), end: job.end });
    return true;
  };

  /** Pushes a person's commit from another clone. */
  const person = async (ref: string, from: Sha): Promise<Sha> => {
    await two.fetch();
    const made = await write(two, [from], { [`person${people.length}.txt`]: "by hand" });
    await two.push([{ ref, oldSha: from, newSha: made }]);
    people.push(made);
    stale = true;
    return made;
  };

  for (let happenings = 3 + Math.floor(rng() * 4); happenings > 0; happenings -= 1) {
    const what = rng();
    if (what < 0.35) await publish();
    else if (what < 0.6) await end(rng());
    else if (what < 0.68) tip = await person(toBranchRef(base), tip);
    else if (what < 0.75) {
      const open = [...ledger.steps.values()].find(({ state }) => state === "published");
      if (open) heads.set(open.task, await person(toTaskRef(open.task), heads.get(open.task) ?? open.head));
    } else if (what < 0.88) {
      // Two clones read the same state, and one saves. The other's save must fail if the state changed.
      await two.fetch();
      const [first, from] = [await decide(two), at];
      const moved = await tick(one);
      if (first?.urgent && moved && (await save(two, first, from))) return [`${name}: a stale plan was saved`];
    } else if (first(ledger)) held.add(first(ledger)?.task ?? "abcdef-x");
    if (stale) await one.fetch();
    stale = false;
    await tick(one);
  }
  held.clear();
  while (steps.length < count) await publish();
  for (let rounds = 0; rounds < 60; rounds += 1) {
    for (let plans = 0; plans < 10 && (await tick(one)); plans += 1);
    if (await end(1)) continue;
    const open = Object.values(ledger.queues).flatMap(({ candidates }) =>
      candidates.flatMap(({ runs }) => runs.filter(({ verdict }) => verdict === null)),
    );
    if (open.length === 0) break;
    now += 600_000;
  }
  return inspect();

  /** Checks the history that git reports. */
  function inspect(): string[] {
    const wrong: string[] = [];
    const line = git("log", "--first-parent", "--format=%H %P|%T|%(trailers:key=Enki-Task,valueonly,separator=%x2C)", toBranchRef(base))
      .split("\n")
      .reverse();
    const green = new Set([...jobs.values()].flatMap((job) => (job.end === "success" ? [job.commit] : [])));
    const trees = new Set(line.flatMap((each) => (green.has(each.slice(0, 40)) ? [each.split("|")[1]] : [])));
    const seen: string[] = [];
    for (const each of line) {
      const [commits = "", tree = "", of = ""] = each.split("|");
      const [commit = "", parent = "", second] = commits.split(" ");
      if (landed.includes(commit) && !green.has(commit) && !(settings.reuse && trees.has(tree)))
        wrong.push(`I1 ${commit} landed and was not green`);
      if (of === "") continue;
      if (seen.includes(of)) wrong.push(`I4 ${of} landed twice`);
      const step = ledger.steps.get(of as TaskId);
      for (const need of step?.needs ?? []) if (!seen.includes(need)) wrong.push(`I3 ${of} landed before ${need}`);
      seen.push(of);
      if (step?.landed !== commit) wrong.push(`I4 ${of} is recorded at ${step?.landed}`);
      if (step?.head !== second) wrong.push(`I5 ${of} landed at ${second}, its head is ${step?.head}`);
      if (git("merge-tree", "--write-tree", parent, second ?? "") !== tree) wrong.push(`I14 ${commit} is not the merge of its parents`);
    }
    for (const step of ledger.steps.values()) {
      if (step.state === "landed" && !seen.includes(step.task)) wrong.push(`I4 ${step.task} is recorded and not there`);
      if (step.state === "published" && step.needs.every((need) => ledger.steps.get(need)?.state === "landed"))
        wrong.push(`L1 ${step.task} does not land`);
    }
    const values = line.map((each) => each.slice(0, 40));
    const places = landed.map((each) => values.indexOf(each));
    if (places.some((place, index) => place <= (places[index - 1] ?? -1))) wrong.push("I2 the base did not only grow");
    for (const commit of people)
      if (git("for-each-ref", "--contains", commit, "--count=1", "--format=%(refname)", "refs/heads") === "")
        wrong.push(`I6 ${commit} of a person is lost`);
    if (saves > 0 && Number(git("rev-list", "--count", ledgerRef)) !== saves) wrong.push("I12 the writes are not one after the other");
    return wrong.map((each) => `${name}: ${each}`);
  }
};

const first = ({ steps }: Ledger): Step | undefined => [...steps.values()].find(({ state }) => state === "published");
