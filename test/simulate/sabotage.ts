import type { LoadedState, RepositoryPorts } from "../../src/coordinator/repository-loop.ts";
import { NO_BUDGET } from "../../src/core/domain/budget.ts";
import { toTaskId, type Sha } from "../../src/core/domain/ids.ts";
import type { QueryFacts } from "../../src/core/domain/query.ts";
import { LEDGER_REF, toBranchRef } from "../../src/core/domain/refs.ts";
import { writeMarker } from "../../src/core/messages/comment-marker.ts";
import { openOctokit } from "../../src/github/open-octokit.ts";
import type { RunningForge } from "../../src/local-github/api/start-forge.ts";
import type { RepositoryClone } from "../../src/storage/git/repository-clone.ts";
import type { Invariant, Oracle } from "./oracle.ts";

/** The means of a coordinator with a seeded bug, besides its ports. */
type Rogue = {
  readonly clone: RepositoryClone;
  readonly forge: RunningForge;
  readonly token: string;
  readonly repository: { readonly owner: string; readonly name: string };
  readonly oracle: Oracle;
};
export type Sabotage = (ports: RepositoryPorts, rogue: Rogue) => RepositoryPorts;

const MAIN = toBranchRef("main");

const afterSave =
  (act: (rogue: Rogue, saved: Parameters<RepositoryPorts["save"]>) => Promise<void>): Sabotage =>
  (ports, rogue) => ({
    ...ports,
    save: async (...given) => {
      const saved = await ports.save(...given);
      if (saved.kind === "saved") await act(rogue, given);
      return saved;
    },
  });

const landingMessage = (task: string, execution: string, head: Sha): string =>
  `again\n\nEnki-Task: ${task}\nEnki-Execution: ${execution}\nEnki-Head: ${head}`;

/** Moves a ref as the App may: to a commit on top of its tip, or to the tip's parent. */
const move = async ({ clone }: Rogue, ref: string, to: (tip: Sha) => Promise<Sha | undefined>): Promise<void> => {
  await clone.fetch();
  const tip = (await clone.refs())[ref];
  const target = tip === undefined ? undefined : await to(tip);
  if (tip !== undefined && target !== undefined) await clone.push([{ ref, oldSha: tip, newSha: target }]);
};

const commitOnTop =
  (rogue: Rogue, files: Record<string, string>, message: string) =>
  async (tip: Sha): Promise<Sha> => {
    const entries = Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" as const }] as const);
    const tree = await rogue.clone.writeFiles(tip, new Map(entries));
    return rogue.clone.writeCommit({ tree, parents: [tip], message, at: 1_893_456_000_000 });
  };

const parentOf =
  ({ clone }: Rogue) =>
  async (tip: Sha): Promise<Sha | undefined> =>
    (await clone.firstParents(tip, null))?.[1];

const api = async ({ forge, token, repository: { owner, name } }: Rogue, route: string, body: object): Promise<unknown> => {
  const [method = "", path = ""] = route.split(" ");
  const { data } = await openOctokit(token, forge.apiUrl).request(`${method} /repos/${owner}/${name}${path}`, { ...body });
  return data;
};

const once = (): (() => boolean) => {
  let left = 1;
  return () => (left -= 1) === 0;
};

/** Changes GitHub's facts, so a buggy coordinator believes facts that nobody gave. */
const believing = (ports: RepositoryPorts, change: (facts: QueryFacts) => QueryFacts): RepositoryPorts => ({
  ...ports,
  answerQueries: async (queries) => {
    const facts = await ports.answerQueries(queries);
    return "kind" in facts ? facts : change(facts);
  },
});

/** Changes the loaded state of a coordinator. */
const loading =
  (change: (loaded: LoadedState) => LoadedState): Sabotage =>
  (ports) => ({ ...ports, load: async () => change(await ports.load()) });

const times = (amount: number | null, factor: number): number | null => (amount === null ? null : amount * factor);

/** Seeded bugs, by the invariant that a history must name. */
export const SABOTAGES: Readonly<Record<Invariant, () => Sabotage>> = {
  "tested = landed": () => {
    const isFirst = once();
    return afterSave(async (rogue, [act]) => {
      if (act.refMoves.some(({ ref }) => ref === MAIN) && isFirst())
        await move(rogue, MAIN, commitOnTop(rogue, { untested: "x\n" }, "nobody tested this"));
    });
  },
  gate:
    () =>
    (ports, { oracle }) =>
      believing(ports, (facts) => {
        const approve = (pull: number, at: number) => {
          const step = Object.values(oracle.state.ledger.executions)
            .flatMap(({ steps }) => Object.values(steps))
            .find((each) => each.pull === pull);
          return { id: 1, by: "reviewer", bot: false, verdict: "approved" as const, head: step?.head?.sha ?? "", at, text: "" };
        };
        return new Map(
          [...facts].map(([key, fact]) => [
            key,
            fact.kind === "reviews" ? { ...fact, answer: [approve(fact.query.pull, ports.now())] } : fact,
          ]),
        );
      }),
  order: () => (ports) => ({
    ...ports,
    load: async () => {
      const loaded = await ports.load();
      const plans = Object.fromEntries(
        Object.entries(loaded.ledger.plans).map(([hash, plan]) => [hash, { steps: plan.steps.map((step) => ({ ...step, needs: [] })) }]),
      );
      return { ...loaded, ledger: { ...loaded.ledger, plans } };
    },
  }),
  once: () => {
    const isFirst = once();
    return afterSave(async (rogue, [act]) => {
      const landed = Object.values(act.ledger.executions).flatMap(({ id, steps }) =>
        Object.values(steps).flatMap((step) =>
          step.landed ? [{ task: toTaskId(id, step.id), id, head: step.head?.sha ?? step.landed.commit }] : [],
        ),
      )[0];
      if (landed && isFirst()) await move(rogue, MAIN, commitOnTop(rogue, {}, landingMessage(landed.task, landed.id, landed.head)));
    });
  },
  ledger: () => {
    let saves = 0;
    return afterSave(async (rogue) => {
      if ((saves += 1) === 4) await move(rogue, LEDGER_REF, parentOf(rogue));
    });
  },
  budget: () =>
    loading(({ config, ...loaded }) => {
      const { execution, day, attempt } = config.budget ?? NO_BUDGET;
      const unlimited = { execution: times(execution, 100), day: times(day, 100), attempt: times(attempt, 5) ?? attempt };
      return { ...loaded, config: { ...config, budget: { ...config.budget, ...unlimited } } };
    }),
  "cancelled lands nothing": () => {
    const isFirst = once();
    return afterSave(async (rogue) => {
      // The oracle receives a cancel only after the write that records it.
      const cancelled = Object.values(rogue.oracle.state.ledger.executions).flatMap(({ id, state, steps }) =>
        Object.values(steps).flatMap((step) =>
          step.landed === null && (state === "cancelled" || step.state === "cancelled") ? [{ task: toTaskId(id, step.id), id }] : [],
        ),
      )[0];
      if (cancelled && isFirst())
        await move(rogue, MAIN, commitOnTop(rogue, {}, landingMessage(cancelled.task, cancelled.id, "f".repeat(40))));
    });
  },
  "no merge without landing": () => {
    const isFirst = once();
    return afterSave(async (rogue, [act]) => {
      const ended = Object.values(act.ledger.executions)
        .flatMap(({ steps }) => Object.values(steps))
        .find(({ state, pull, landed }) => pull !== null && landed === null && (state === "cancelled" || state === "skipped"));
      // The step's pull request is closed only after this write.
      if (ended && isFirst()) await api(rogue, `PUT /pulls/${ended.pull}/merge`, {});
    });
  },
  replay: () => {
    let reads = 0;
    return loading(({ config, ...loaded }) => {
      const { timeoutMs, ...refinery } = config.refinery;
      // Each read of the limit returns another value.
      const unsteady = {
        ...refinery,
        get timeoutMs() {
          return timeoutMs + (reads += 1);
        },
      };
      return { ...loaded, config: { ...config, refinery: unsteady } };
    });
  },
  liveness: () => (ports) => ({
    ...ports,
    performEffects: (effects, ...rest) =>
      ports.performEffects(
        effects.filter(({ kind }) => kind !== "open-pull"),
        ...rest,
      ),
  }),
  "people's commits": () => {
    const isFirst = once();
    return afterSave(async (rogue) => {
      const [, ref] = [...rogue.oracle.state.pushedByPeople].find(([, on]) => on === MAIN) ?? [];
      if (ref !== undefined && isFirst()) await move(rogue, ref, parentOf(rogue));
    });
  },
  "one of each": () => {
    const isFirst = once();
    return afterSave(async (rogue, [act]) => {
      const [execution] = Object.values(act.ledger.executions);
      if (execution && isFirst())
        await api(rogue, `POST /issues/${execution.issue}/comments`, {
          body: `${writeMarker({ kind: "execution", id: execution.id })}\ntwice`,
        });
    });
  },
};
