import { withAcceptedTip } from "../../../src/core/decisions/base-rewinds.ts";
import type { BranchName, Sha, TaskId } from "../../../src/core/domain/ids.ts";
import { type Graph, openGraph } from "./graph.ts";
import { emptyLedger, jobOf, type Ledger, type Result, type Snapshot, type Step, takeTurn, type Turn } from "./coordinator.ts";
import type { Happening, History } from "./history.ts";
import type { Watch } from "./watch.ts";

export type Job = {
  readonly base: BranchName;
  readonly commit: Sha;
  readonly attempt: number;
  end: Result["end"] | null;
  hung: boolean;
  stopped: boolean;
};

type Author = { readonly plot: number; readonly task: TaskId; version: number; own: bigint };

const nameOf = (at: number): TaskId => `abcdef-s${at}`;
const FAULTS = ["crashed", "cancelled", "timed-out"] as const;

/** A repository with its people, machines and coordinators, in memory. */
export class World {
  readonly graph: Graph = openGraph();
  readonly history: History;
  readonly watch: Watch;
  readonly bases: Record<BranchName, Sha> = {};
  readonly heads = new Map<TaskId, Sha>();
  readonly held = new Set<TaskId>();
  readonly jobs = new Map<string, Job>();
  readonly authors: Author[];
  ledger: Ledger = emptyLedger;
  /** Increases with each write of the ledger. A save names the version that it read. */
  version = 0;
  now = 1_000_000;
  parallel: number;
  calm = false;
  results: Result[] = [];
  private late: { turn: Turn; version: number } | null = null;
  private pushes = 0;

  constructor(history: History, watch: Watch) {
    this.history = history;
    this.watch = watch;
    this.parallel = history.setting.parallel;
    const root = this.graph.commit("root", [], 0n);
    for (let at = 0; at < history.setting.bases; at += 1) this.bases[`b${at}`] = root;
    this.authors = history.steps.map((_, plot) => ({ plot, task: nameOf(plot), version: -1, own: 0n }));
  }

  /** Whether content passes verification. Only a run reveals the answer. */
  isGood(holds: bigint): boolean {
    const patches = this.graph.patches().filter(({ bit }) => (holds & bit) !== 0n);
    const newest = new Map<number | null, number>();
    for (const { step, version } of patches) newest.set(step, Math.max(newest.get(step) ?? -1, version));
    if (patches.some(({ bad, step, version }) => bad && newest.get(step) === version)) return false;
    return this.history.semantic.every(([a, b]) => !newest.has(a) || newest.get(b) !== 0);
  }

  goodCommit(commit: Sha): boolean {
    return this.isGood(this.graph.at(commit).holds);
  }

  snapshot(): Snapshot {
    const { together, reuse, retries } = this.history.setting;
    return {
      now: this.now,
      ledger: this.ledger,
      bases: { ...this.bases },
      heads: new Map(this.heads),
      held: new Set(this.held),
      results: [...this.results],
      parallel: this.parallel,
      retries,
      together,
      reuse,
      chain: ({ onto, merges }) => this.graph.chain(onto, merges),
      contains: (commit, tip) => this.graph.contains(commit, tip),
      fresh: (step, needed) => this.graph.contains(needed.head, step.head),
    };
  }

  decide(): Turn | null {
    try {
      const turn = takeTurn(this.snapshot());
      if (turn) this.watch.planned(this, turn);
      return turn;
    } catch (error) {
      this.watch.threw(error);
      return null;
    }
  }

  /** Saves the whole turn or nothing. Saves nothing if the ledger, a base or a guarded head changed since the read. */
  save(turn: Turn, version: number): boolean {
    const fits =
      version === this.version &&
      turn.moves.every(({ base, from }) => this.bases[base] === from) &&
      turn.guards.every(({ task, head }) => this.heads.get(task) === head);
    if (!fits) return false;
    if (!turn.urgent) return true;
    const before = this.ledger;
    this.ledger = turn.ledger;
    this.version += 1;
    for (const { base, to } of turn.moves) this.bases[base] = to;
    const absorbed = new Set(turn.read.results);
    this.results = this.results.filter((each) => !absorbed.has(each));
    this.watch.saved(this, turn, before);
    return true;
  }

  perform({ starts, stops }: Turn): void {
    for (const { base, commit, attempt } of starts) {
      const key = jobOf(commit, attempt);
      if (this.jobs.has(key)) continue;
      this.jobs.set(key, { base, commit, attempt, end: null, hung: false, stopped: false });
      this.watch.started();
    }
    for (const { commit, attempt } of stops) {
      const job = this.jobs.get(jobOf(commit, attempt));
      if (job && job.end === null) job.stopped = true;
    }
  }

  tick(): void {
    this.carry();
    const turn = this.decide();
    if (turn && this.save(turn, this.version)) this.perform(turn);
  }

  private write(over: Partial<Ledger>): void {
    this.ledger = { ...this.ledger, ...over };
    this.version += 1;
  }

  private putStep(step: Step): void {
    this.write({ steps: new Map(this.ledger.steps).set(step.task, step) });
  }

  /** Makes a head of a step from the parents and the step's own patches. `keep`: also keeps the patches of earlier heads. */
  private makeHead(author: Author, parents: readonly Sha[], version: number, keep: boolean): Sha {
    const plot = this.history.steps[author.plot];
    const bad = plot !== undefined && version < plot.bad;
    const patch = this.graph.patch({ step: author.plot, version, bad });
    if (version === 0) this.clashOf(author.plot, patch);
    author.version = version;
    author.own = keep ? author.own | patch.bit : patch.bit;
    return this.graph.commit(author.task, parents, author.own);
  }

  /** Records textual conflicts, which exist only between first heads. */
  private clashOf(plot: number, { bit }: { readonly bit: bigint }): void {
    for (const [a, b] of this.history.textual) {
      const other = a === plot ? b : b === plot ? a : null;
      const found = this.graph.patches().find(({ step, version }) => step !== null && step === other && version === 0);
      if (found) this.graph.clash(bit, found.bit);
    }
  }

  private root(): Sha {
    return "root.0";
  }

  private needsOf(author: Author): Step[] {
    const plot = this.history.steps[author.plot];
    return (plot?.needs ?? []).flatMap((need) => this.ledger.steps.get(nameOf(need)) ?? []);
  }

  publish(): void {
    const author = this.authors.find(({ task }) => !this.ledger.steps.has(task));
    const plot = author && this.history.steps[author.plot];
    if (!author || !plot) return;
    const needs = this.needsOf(author);
    const head = this.makeHead(author, [this.root(), ...needs.map((each) => each.head)], 0, false);
    this.heads.set(author.task, head);
    const { task } = author;
    const needed = plot.needs.map((need) => nameOf(need));
    this.putStep({ task, base: `b${plot.base}`, needs: needed, state: "published", head, refusal: null, landed: null, lane: plot.lane });
  }

  /** Makes a new head for each step whose head contains an old head of a need. */
  carry(): void {
    for (const author of this.authors) {
      const step = this.ledger.steps.get(author.task);
      if (step?.state !== "published") continue;
      const open = this.needsOf(author).filter(({ state }) => state !== "landed");
      const now = open.map(({ task, head }) => this.heads.get(task) ?? head);
      const at = this.heads.get(step.task) ?? step.head;
      if (now.every((head) => this.graph.contains(head, at))) continue;
      const landed = this.needsOf(author).filter(({ state }) => state === "landed");
      const head = this.graph.commit(step.task, [this.root(), ...now, ...landed.map((each) => each.head)], author.own);
      this.heads.set(step.task, head);
      this.putStep({ ...step, head });
    }
  }

  running(stopped = false): Job[] {
    return [...this.jobs.values()].filter((job) => job.end === null && !job.hung && job.stopped === stopped);
  }

  /** Ends a run with the true verdict, or with a flake or a fault if the history has one. */
  end(job: Job, luck: number): void {
    const { flaky, faulty } = this.history.setting;
    const odds = this.calm ? 1 : luck;
    if (odds < faulty) {
      if (odds < faulty / 4) {
        job.hung = true;
        return;
      }
      job.end = FAULTS[Math.floor(luck * 997) % 3] ?? "crashed";
    } else if (!this.goodCommit(job.commit) || odds < faulty + flaky) job.end = "failed";
    else job.end = "success";
    this.watch.ended(this, job);
    this.results.push({ commit: job.commit, attempt: job.attempt, end: job.end });
  }

  happen(happening: Happening): void {
    const { what, which, luck } = happening;
    const of = <T>(from: readonly T[]): T | undefined => (from.length === 0 ? undefined : from[which % from.length]);
    const base = of(Object.keys(this.bases)) ?? "b0";
    const steps = [...this.ledger.steps.values()];
    const author = (task: TaskId | undefined): Author | undefined => this.authors.find((each) => each.task === task);
    switch (what) {
      case "publish":
        return this.publish();
      case "tick":
        return this.tick();
      case "end":
      case "end-stopped": {
        const job = of(this.running(what === "end-stopped"));
        if (job) this.end(job, luck);
        return;
      }
      case "end-again": {
        const job = of([...this.jobs.values()].filter(({ end }) => end !== null));
        const end = luck < 0.5 ? job?.end : luck < 0.75 ? "failed" : "success";
        if (job && end) this.results.push({ commit: job.commit, attempt: job.attempt, end });
        return;
      }
      case "wait":
        this.now += Math.floor(luck * 20) * 60_000;
        return;
      case "die-before":
        this.decide();
        return;
      case "die-after": {
        const turn = this.decide();
        if (turn) this.save(turn, this.version);
        return;
      }
      case "read": {
        const turn = this.decide();
        this.late = turn && { turn, version: this.version };
        return;
      }
      case "save-late":
        if (this.late && this.save(this.late.turn, this.late.version)) this.perform(this.late.turn);
        this.late = null;
        return;
      case "push-base":
      case "break-base":
        return this.pushBase(base, what === "break-base" || !this.goodCommit(this.bases[base] ?? ""), happening);
      case "mend-base":
        return this.mend(base);
      case "rewind": {
        const tip = this.bases[base] ?? "";
        const line = this.graph.line(tip);
        const to = line[1 + (which % 3)];
        if (to === undefined) return;
        this.bases[base] = to;
        this.watch.rewound(this, base, tip);
        return;
      }
      case "push-task":
      case "force-task": {
        const step = of(steps.filter(({ state }) => state === "published"));
        const by = author(step?.task);
        if (step && by) this.pushTask(by, step, what === "push-task");
        return;
      }
      case "hold": {
        const step = of(steps);
        if (step) this.held.add(step.task);
        return;
      }
      case "release": {
        const task = of([...this.held]);
        if (task) this.held.delete(task);
        return;
      }
      case "close": {
        const step = of(steps.filter(({ state }) => state === "published" || state === "failed"));
        if (step)
          this.putStep({ ...step, state: "closed", refusal: { code: "closed", message: "A person closed it.", next: "reopen it" } });
        return;
      }
      case "reopen": {
        const step = of(steps.filter(({ state }) => state === "closed"));
        if (step) this.putStep({ ...step, state: "published", refusal: null });
        return;
      }
      case "retry": {
        const step = of(steps.filter(({ state }) => state === "failed"));
        const by = author(step?.task);
        if (step && by) this.retry(by, step, luck < 0.3);
        return;
      }
      case "thaw":
        return this.thaw(base);
      case "slots":
        this.parallel = 1 + (which % 16);
    }
  }

  /** Retries a failed step: unchanged, or with a head that contains the base and resolves the conflicts. */
  private retry(author: Author, step: Step, same: boolean): void {
    if (!same) {
      const parents = [
        this.heads.get(step.task) ?? step.head,
        this.bases[step.base] ?? "",
        ...this.needsOf(author).map(({ head }) => head),
      ];
      this.heads.set(step.task, this.makeHead(author, parents, author.version + 1, true));
    }
    this.putStep({ ...step, state: "published", head: this.heads.get(step.task) ?? step.head, refusal: null });
  }

  private pushTask(author: Author, step: Step, onTop: boolean): void {
    const below = onTop ? [this.heads.get(step.task) ?? step.head] : [this.root(), ...this.needsOf(author).map(({ head }) => head)];
    this.heads.set(step.task, this.makeHead(author, below, author.version + 1, onTop));
  }

  /** Pushes a person's commit to a base. Some commits conflict with a step. */
  private pushBase(base: BranchName, bad: boolean, { which, luck }: Pick<Happening, "which" | "luck">): void {
    const patch = this.graph.patch({ step: null, version: (this.pushes += 1), bad });
    const author = this.authors[which % this.authors.length];
    if (luck > 0.85 && author && author.version === 0) this.graph.clash(patch.bit, author.own);
    this.bases[base] = this.graph.commit("push", [this.bases[base] ?? ""], patch.bit);
  }

  /** Pushes a fix for bad pushes. The fix is the newest push. */
  mend(base: BranchName): void {
    this.pushBase(base, false, { which: 0, luck: 0 });
  }

  thaw(base: BranchName): void {
    const queue = this.ledger.queues[base];
    if (!queue?.frozen) return;
    this.write({ queues: { ...this.ledger.queues, [base]: withAcceptedTip(queue, this.bases[base] ?? "") } });
    this.watch.thawed(base);
  }
}
