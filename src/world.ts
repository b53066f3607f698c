import { perform } from "./effects/perform.ts";
import type { Clone } from "./git/clone.ts";
import type { GitHub } from "./github/ports.ts";
import type { Loaded, Saved, World } from "./handle.ts";
import { readArchived } from "./ledger/archive.ts";
import { loadLedger, loadResults } from "./ledger/load.ts";
import { saveLedger } from "./ledger/save.ts";
import type { Config } from "./model/config.ts";
import type { RefMove } from "./model/decision.ts";
import type { Login, Millis, RefName, Sha } from "./model/ids.ts";
import type { Ledger } from "./model/ledger.ts";
import { type Answers, type Query, queryKey, type Refs } from "./model/query.ts";
import { ARCHIVE, ATTEMPTS, branchRef, LEDGER } from "./model/refs.ts";
import { readWorkflowFile } from "./policy/workflow-files.ts";
import { openRebuild } from "./rebuild.ts";
import { type Layers, readSettings } from "./settings.ts";
import { answer } from "./snapshot/answer.ts";
import { openSweep } from "./sweep.ts";

export type Connected = {
  readonly clone: Clone;
  readonly github: GitHub;
  readonly self: Login;
  readonly defaultBranch: string;
  readonly layers: Layers;
  /** See Snapshot.grace. */
  readonly grace: Millis;
  /** See World.keep. */
  readonly keep: Millis;
  readonly now: () => Millis;
  readonly nonce: () => string;
  /** A pause after a lost race, in milliseconds, drawn anew each time so that writers do not march in step. */
  readonly jitter: () => number;
  readonly sleep: (delay: number) => Promise<void>;
  readonly log: (line: string) => void;
};

/** The world of one repository: git by a clone, GitHub by its ports. */
export const connectWorld = (connected: Connected): World => {
  const { clone, github, self, defaultBranch, grace, now, log } = connected;
  return {
    self,
    defaultBranch,
    grace,
    keep: connected.keep,
    now,
    log,
    ...keeping(connected),
    sweep: openSweep(connected),
    answer: async (queries) => {
      const refused = (query: Query, why: string): void => log(`GitHub does not show ${queryKey(query)}: ${why}`);
      const facts = await answer(queries, {
        github,
        git: { ...clone, archived: (id) => readArchived(clone, id), workflowFiles: (commit) => readWorkflowFiles(clone, commit) },
        self,
        refused,
      });
      if ("kind" in facts) log(`not read: ${facts.why}`);
      return facts;
    },
    perform: (effects, again) => perform(effects, { github, self, again, now }),
  };
};

const WORKFLOWS = ".github/workflows/";

/** Workflow files at a commit. One that cannot be read is none, for GitHub as well. */
const readWorkflowFiles = async (clone: Clone, commit: Sha): Promise<Answers["workflow-files"]> => {
  const isOne = (path: string): boolean => path.startsWith(WORKFLOWS) && /^[^/]+\.ya?ml$/.test(path.slice(WORKFLOWS.length));
  const files = await clone.readFiles(commit, isOne);
  return [...files].flatMap(([path, content]) => readWorkflowFile(path.slice(WORKFLOWS.length), content.toString("utf8")) ?? []);
};

/** Loading and saving, with what was read last: ledger and configuration are read again only when their commit is another. */
const keeping = (connected: Connected): Pick<World, "load" | "save"> => {
  const { clone, now } = connected;
  const ledgers = remembering(clone);
  const settings = rememberSettings(connected);
  const rebuild = openRebuild(connected);
  let head: Sha | null = null;
  // The base may have moved with a save, and with it what it configures.
  const loaded = async (refs: Refs, ledger: Ledger): Promise<Loaded> => ({
    ledger,
    refs,
    config: await settings(refs),
    results: await loadResults(clone, refs, ledger),
  });
  return {
    load: async () => {
      await clone.fetch();
      let refs = await clone.refs();
      if (await rebuild(refs)) {
        await clone.fetch();
        refs = await clone.refs();
        if (refs[LEDGER] === undefined) throw new Error("the ledger is gone, and could not be written anew");
      }
      const read = await ledgers.read(refs);
      head = read.head;
      return loaded(refs, read.ledger);
    },
    save: async (act, before, inputs): Promise<Saved> => {
      const attemptsTip = before.refs[ATTEMPTS] ?? null;
      const { notes, moves, attempts } = act;
      const write = {
        before: before.ledger,
        head,
        after: act.ledger,
        notes,
        moves,
        attempts,
        attemptsTip,
        archiveTip: before.refs[ARCHIVE] ?? null,
        inputs,
        at: now(),
        nonce: connected.nonce(),
      };
      const saved = await saveLedger(clone, write);
      if (saved.kind === "ledger-moved") await connected.sleep(connected.jitter());
      if (saved.kind !== "saved") return saved;
      head = saved.head;
      ledgers.remember(saved.head, act.ledger);
      return { kind: "saved", loaded: await loaded(moved(before.refs, saved.moves), act.ledger) };
    },
  };
};

const moved = (refs: Refs, moves: readonly RefMove[]): Refs => {
  const next: Record<RefName, Sha> = { ...refs };
  for (const { ref, to } of moves) {
    if (to === null) delete next[ref];
    else next[ref] = to;
  }
  return next;
};

/** Reads the ledger only when its tip is another. */
const remembering = (clone: Clone) => {
  let known: { head: Sha | null; ledger: Ledger } | null = null;
  return {
    read: async (refs: Refs): Promise<{ ledger: Ledger; head: Sha | null }> => {
      if (known === null || known.head !== (refs[LEDGER] ?? null)) known = await loadLedger(clone, refs);
      return known;
    },
    remember: (head: Sha, ledger: Ledger): void => void (known = { head, ledger }),
  };
};

/** The configuration of the default branch as it is now; read only when that branch moved, or what its organisation says. Its faults are told once. */
const rememberSettings = ({ clone, defaultBranch, layers, log }: Connected) => {
  let known: { commit: Sha | null; said: unknown; config: Config } | null = null;
  return async (refs: Refs): Promise<Config> => {
    const commit = refs[branchRef(defaultBranch)] ?? null;
    const said = await layers.organisation?.();
    if (known && known.commit === commit && known.said === said) return known.config;
    const { config, faults } = await readSettings(clone, commit, layers);
    for (const { file, line, why } of faults) log(`${file}:${line}: ${why}`);
    known = { commit, said, config };
    return config;
  };
};
