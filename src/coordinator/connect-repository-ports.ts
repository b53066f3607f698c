import { performEffects } from "./perform-effects.ts";
import type { RepositoryClone } from "../storage/git/repository-clone.ts";
import type { GitHubPorts } from "../github/github-ports.ts";
import type { ActDecision, LoadedState, SaveResult, RepositoryPorts } from "./repository-loop.ts";
import { readArchivedStates } from "../storage/ledger/archived-states.ts";
import type { LedgerSeal } from "../storage/ledger/ledger-keys.ts";
import { loadRequests } from "../storage/ledger/load-requests.ts";
import { loadLedger, openResultReader } from "../storage/ledger/load-ledger.ts";
import { judgeResultFiles } from "../storage/ledger/judge-result-files.ts";
import { readTampering } from "../storage/git/read-tampering.ts";
import { buildTrial } from "../storage/git/build-trial.ts";
import { readHistory } from "../storage/ledger/read-history.ts";
import { readLandedArchive } from "../storage/ledger/read-landed-archive.ts";
import { saveLedger } from "../storage/ledger/save-ledger.ts";
import type { Config } from "../core/domain/config.ts";
import type { RefMove } from "../core/domain/decision.ts";
import type { Login, Millis, RefName, Sha } from "../core/domain/ids.ts";
import { type Ledger, LEDGER_FORMAT } from "../core/domain/ledger.ts";
import { type QueryAnswers, type Query, toQueryKey, type RepositoryRefs } from "../core/domain/query.ts";
import { ARCHIVE_REF, ATTEMPTS_REF, toBranchRef, LEDGER_REF } from "../core/domain/refs.ts";
import { readActionsWorkflowFile } from "../core/policy/check-reporters.ts";
import { guardRepository } from "./guard-repository.ts";
import { openLedgerRebuild } from "./rebuild-ledger.ts";
import { openProofStore } from "../storage/proofs/proof-store.ts";
import { type ConfigLayers, readRepositoryConfig } from "../storage/config/repository-config.ts";
import { openNoticePort, type ReadVariable } from "./post-notice.ts";
import { answerQueries } from "./answer-queries.ts";
import { openRepositorySweep } from "./repository-sweep.ts";
import { openSpanRecorder } from "./span-recorder.ts";
import type { SpanSink } from "../core/telemetry/telemetry-span.ts";

export type RepositoryConnection = {
  readonly clone: RepositoryClone;
  readonly github: GitHubPorts;
  readonly botLogin: Login;
  readonly defaultBranch: string;
  readonly layers: ConfigLayers;
  /** Signs and verifies the ledger; absent without a key. */
  readonly seal?: LedgerSeal | undefined;
  /** See Snapshot.graceMs. */
  readonly graceMs: Millis;
  /** See Snapshot.endsWhenIdle. */
  readonly endsWhenIdle?: true | undefined;
  /** See Snapshot.runners. */
  readonly runners?: number | undefined;
  /** See RepositoryPorts.keepOutcomesMs. */
  readonly keepOutcomesMs: Millis;
  readonly now: () => Millis;
  readonly nonce: () => string;
  /** A random pause after a lost race, in milliseconds, so that competing writers do not stay in step. */
  readonly jitter: () => number;
  /** Reads a variable that `[notify]` names; without this function, no variable is set. */
  readonly readVariable?: ReadVariable | undefined;
  /** Receives the spans of finished work; absent without telemetry. */
  readonly telemetry?: SpanSink | undefined;
  readonly sleep: (delay: number) => Promise<void>;
  readonly log: (line: string) => void;
};

const toRepositoryUrl = ({ github: { files } }: RepositoryConnection): string => `${files.server}/${files.repository}`;

/** Connects the ports of one repository: git through a clone, GitHub through its API. */
export const connectRepositoryPorts = (connected: RepositoryConnection): RepositoryPorts => {
  const { clone, github, botLogin, defaultBranch, graceMs, now, log, readVariable = () => undefined } = connected;
  const postNotice = openNoticePort({ readVariable, now, log });
  return {
    botLogin,
    defaultBranch,
    repositoryUrl: toRepositoryUrl(connected),
    graceMs,
    keepOutcomesMs: connected.keepOutcomesMs,
    endsWhenIdle: connected.endsWhenIdle,
    runners: connected.runners,
    isLedgerSigned: connected.seal !== undefined,
    now,
    log,
    ...openLedgerStore(connected),
    sweep: openRepositorySweep(connected),
    answerQueries: async (queries) => {
      const refused = (query: Query, reason: string): void => log(`GitHub refused to show ${toQueryKey(query)}: ${reason}`);
      const facts = await answerQueries(queries, {
        github,
        git: {
          ...clone,
          resultFiles: (query) => judgeResultFiles(clone.running, query),
          history: ({ archive }) => readHistory(clone.running, archive),
          landedArchive: (query) => readLandedArchive(clone.running, query),
          tampering: (query) => readTampering(clone.running, query),
          trial: (query) => buildTrial(clone.running, clone.identity, query),
          archived: (id) => readArchivedStates(clone, id),
          pullHead: clone.fetchPullHead,
          workflowFiles: (commit) => readCommitWorkflows(clone, commit),
        },
        botLogin,
        reportRefused: refused,
      });
      if ("kind" in facts) log(`not read: ${facts.reason}`);
      return facts;
    },
    performEffects: (effects, again, decidedAt) => {
      // Half of the grace is left for the request itself.
      const lookUpFrom = graceMs === 0 ? Infinity : decidedAt + graceMs / 2;
      return performEffects(effects, { github, botLogin, defaultBranch, repeated: again, lookUpFrom, now, postNotice });
    },
  };
};

const ACTIONS_WORKFLOWS_PATH = ".github/workflows/";

/** Actions workflow files at a commit. A file that cannot be read is omitted; GitHub ignores it as well. */
const readCommitWorkflows = async (clone: RepositoryClone, commit: Sha): Promise<QueryAnswers["workflow-files"]> => {
  const isOne = (path: string): boolean =>
    path.startsWith(ACTIONS_WORKFLOWS_PATH) && /^[^/]+\.ya?ml$/.test(path.slice(ACTIONS_WORKFLOWS_PATH.length));
  const files = await clone.readFiles(commit, isOne);
  return [...files].flatMap(
    ([path, content]) => readActionsWorkflowFile(path.slice(ACTIONS_WORKFLOWS_PATH.length), content.toString("utf8")) ?? [],
  );
};

/** Loads and saves the ledger. Ledger and configuration are cached until their commits change. */
const openLedgerStore = (connected: RepositoryConnection): Pick<RepositoryPorts, "load" | "save"> => {
  const { clone, now } = connected;
  const [ledgers, settings] = [openLedgerCache(clone), openConfigCache(connected)];
  const rebuild = openLedgerRebuild(connected);
  const guard = guardRepository(connected);
  const readResults = openResultReader(clone);
  const recordSpans = openSpanRecorder(connected);
  const proofs = openProofStore({ clone, seal: connected.seal, repository: toRepositoryUrl(connected), log: connected.log });
  let head: Sha | null = null;
  // A save may move the default branch and thereby change the configuration.
  const loaded = async (refs: RepositoryRefs, ledger: Ledger): Promise<LoadedState> => {
    const results = [
      ...(await loadRequests(clone, { refs, ledger, now: now() })),
      ...(await readResults(refs, ledger)),
      ...(await guard.refused(refs, ledger)),
    ];
    // A job reads the configuration when it starts; a result judged by an older one could be refused for a role's former rights.
    return { ledger, refs, config: await settings(refs, results.length > 0), results };
  };
  return {
    load: async () => {
      await clone.fetch();
      let refs = await guard.verify();
      if (await rebuild(refs)) {
        await clone.fetch();
        refs = await guard.verify();
        if (refs[LEDGER_REF] === undefined) throw new Error("the ledger was deleted and could not be rebuilt");
      }
      const read = await ledgers.read(refs);
      head = read.head;
      return loaded(refs, read.ledger);
    },
    save: async (act, before, inputs): Promise<SaveResult> => {
      const proofMoves = await proofs
        .createMoves({ before: before.ledger, after: act.ledger, refs: before.refs, at: now() })
        // A landing never waits for its proof: the next write tries again.
        .catch((error: unknown) => (connected.log(`no proof was written: ${String(error)}`), []));
      const frame = { head, inputs, at: now(), nonce: connected.nonce(), guard: guard.sealed, proofMoves };
      const saved = await saveLedger(clone, { ...frame, ...toWrittenParts(act, before) });
      if (saved.kind === "ledger-moved") await connected.sleep(connected.jitter());
      if (saved.kind !== "saved") return saved;
      head = saved.head;
      guard.remember(saved.moves);
      proofs.remember(saved.moves);
      recordSpans?.({ before: before.ledger, after: act.ledger, events: inputs.events, at: frame.at }, before.config, saved.head);
      const ledger = ledgers.remember(saved.head, act.ledger);
      return { kind: "saved", loaded: await loaded(applyRefMoves(before.refs, saved.moves), ledger) };
    },
  };
};

const toWrittenParts = (act: ActDecision, { ledger, refs }: LoadedState) => ({
  before: ledger,
  after: act.ledger,
  notes: act.notes,
  moves: act.refMoves,
  attempts: act.retainedResults,
  texts: act.retainedTexts,
  attemptsTip: refs[ATTEMPTS_REF] ?? null,
  archiveTip: refs[ARCHIVE_REF] ?? null,
});

const applyRefMoves = (refs: RepositoryRefs, moves: readonly RefMove[]): RepositoryRefs => {
  const next: Record<RefName, Sha> = { ...refs };
  for (const { ref, newSha } of moves) {
    if (newSha === null) delete next[ref];
    else next[ref] = newSha;
  }
  return next;
};

const openLedgerCache = (clone: RepositoryClone) => {
  let known: { head: Sha | null; ledger: Ledger } | null = null;
  return {
    read: async (refs: RepositoryRefs): Promise<{ ledger: Ledger; head: Sha | null }> => {
      if (known === null || known.head !== (refs[LEDGER_REF] ?? null)) known = await loadLedger(clone, refs);
      return known;
    },
    remember: (head: Sha, saved: Ledger): Ledger => {
      // In the order of the files, as a process that starts now reads them: both must decide the same write in the same way.
      const executions = Object.fromEntries(Object.entries(saved.executions).sort(([a], [b]) => (a < b ? -1 : 1)));
      const ledger = { ...saved, executions, format: LEDGER_FORMAT };
      known = { head, ledger };
      return ledger;
    },
  };
};

/** The default branch's configuration, cached until that branch or the organisation's configuration changes. Faults are logged once. */
const openConfigCache = ({ clone, defaultBranch, layers, log }: RepositoryConnection) => {
  let known: { commit: Sha | null; organisation: unknown; config: Config } | null = null;
  return async (refs: RepositoryRefs, fresh: boolean): Promise<Config> => {
    const commit = refs[toBranchRef(defaultBranch)] ?? null;
    const organisation = await layers.readOrganisation?.(fresh);
    if (known && known.commit === commit && known.organisation === organisation) return known.config;
    const { config, faults } = await readRepositoryConfig(clone, commit, layers);
    for (const { file, line, why } of faults) log(`${file}:${line}: ${why}`);
    known = { commit, organisation, config };
    return config;
  };
};
