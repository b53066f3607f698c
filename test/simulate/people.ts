import { toTaskId } from "../../src/core/domain/ids.ts";
import { toBranchRef } from "../../src/core/domain/refs.ts";
import type { Ledger } from "../../src/core/domain/ledger.ts";
import { openOctokit } from "../../src/github/open-octokit.ts";
import type { RepositoryClone } from "../../src/storage/git/repository-clone.ts";
import type { RunningForge } from "../../src/local-github/api/start-forge.ts";
import type { Chance } from "./chance.ts";
import type { Clock } from "./clock.ts";
import type { Oracle } from "./oracle.ts";

export type PeopleOptions = {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: (line: string) => void;
  readonly forge: RunningForge;
  readonly repository: { readonly owner: string; readonly name: string };
  readonly clone: RepositoryClone;
  readonly ledger: () => Ledger;
  readonly oracle: Oracle;
  readonly configOf: (edit: number) => string;
};

type ListedPull = { readonly number: number; readonly state: string; readonly head: { readonly ref: string; readonly sha: string } };
type Act = () => Promise<string | null>;

/** Kinds of people's acts with their relative frequency. A kind without an opportunity is no fault. */
const WEIGHTS = {
  "people: approve the plan": 6,
  "people: approve a pull request": 5,
  "people: approve an older head": 1,
  "people: request changes": 2,
  "people: another request": 2,
  "people: cancel a step": 1,
  "people: cancel the request": 1,
  "people: pause": 2,
  "people: resume": 3,
  "people: retry": 4,
  "people: skip a step": 1,
  "people: set a priority": 1,
  "people: raise or lower the budget": 2,
  "people: a stranger commands": 1,
  "people: two commands in one comment": 1,
  "people: edit a comment into a command": 1,
  "people: push to the base": 3,
  "people: force-push the base": 0.6,
  "people: push to a task branch": 2,
  "people: force-push a task branch": 1,
  "people: delete a task branch": 0.5,
  "people: close a pull request": 1,
  "people: reopen a pull request": 1,
  "people: label a pull request hold": 1,
  "people: take the label away": 2,
  "people: merge a pull request": 1,
  "people: edit the configuration": 1,
  "people: edit the rules": 0.8,
  "people: forge a result": 0.7,
  "people: undo": 0.7,
  "people: land a pull request of their own": 1,
  "people: take their pull request back": 0.7,
} as const;
export type PeopleAct = keyof typeof WEIGHTS;
export const PEOPLE_ACTS = Object.keys(WEIGHTS) as PeopleAct[];
const TOTAL = Object.values(WEIGHTS).reduce<number>((sum, weight) => sum + weight, 0);

export const openPeople = (options: PeopleOptions) => {
  const { clock, chance, log, forge, repository, clone, ledger, oracle } = options;
  const { owner, name } = repository;
  const person = (login: string, role: "admin" | "write" | "read") => {
    const token = forge.createUser(login);
    forge.setPermission(repository, { login, role });
    const octokit = openOctokit(token, forge.apiUrl);
    return async <T>(route: string, body: object = {}): Promise<T> => {
      const [method = "", path = ""] = route.split(" ");
      return (await octokit.request(`${method} /repos/${owner}/${name}${path}`, { ...body })).data as T;
    };
  };
  const maintainer = person("maintainer", "admin");
  const reviewer = person("reviewer", "write");
  const stranger = person("stranger", "read");
  let edits = 0;
  let pushes = 0;
  let isRuled = false;

  const executions = () => Object.values(ledger().executions);
  const issueOf = (): number | undefined => chance.pick("issue", executions())?.issue;
  const say = async (issue: number | undefined, body: string, by = maintainer): Promise<string | null> => {
    if (issue === undefined) return null;
    await by(`POST /issues/${issue}/comments`, { body });
    return `${body.replaceAll("\n", " ⏎ ")} on ${issue}`;
  };
  const anyStep = (isWanted: (state: string) => boolean = () => true) => {
    const steps = executions().flatMap((execution) => Object.values(execution.steps).map((step) => ({ execution, step })));
    return chance.pick(
      "step",
      steps.filter(({ step }) => isWanted(step.state)),
    );
  };
  const sayOfStep =
    (command: string, isWanted?: (state: string) => boolean): Act =>
    () => {
      const found = anyStep(isWanted);
      return found ? say(found.execution.issue, `/enki ${command} ${toTaskId(found.execution.id, found.step.id)}`) : Promise.resolve(null);
    };
  const pulls = async (state: "open" | "closed" = "open"): Promise<readonly ListedPull[]> =>
    maintainer<readonly ListedPull[]>(`GET /pulls?state=${state}&per_page=100`);
  const onPull =
    (act: (pull: ListedPull) => Promise<unknown>, words: string, state: "open" | "closed" = "open"): Act =>
    async () => {
      const pull = chance.pick(
        "pull",
        (await pulls(state)).filter(({ head }) => head.ref.startsWith("task/")),
      );
      if (!pull) return null;
      await act(pull);
      return `${words} #${pull.number} (${pull.head.ref} at ${pull.head.sha.slice(0, 8)})`;
    };
  const taskRefs = async (): Promise<[string, string][]> => {
    await clone.fetch();
    return Object.entries(await clone.refs()).filter(([ref]) => ref.startsWith(toBranchRef("task/")));
  };
  const write = async (ref: string, onto: string, files: Record<string, string>): Promise<string> => {
    pushes += 1;
    const entries = Object.entries(files).map(([path, content]) => [path, { content, mode: "100644" as const }] as const);
    const tree = await clone.writeFiles(onto, new Map(entries));
    return clone.writeCommit({ tree, parents: [onto], message: `a person's commit ${pushes} on ${ref}`, at: clock.now() });
  };
  const push = async (ref: string, from: string | null, to: string | null): Promise<boolean> => {
    const pushed = await clone.push([{ ref, oldSha: from, newSha: to }]);
    if (pushed.kind !== "pushed") log(`  the push to ${ref} was refused: ${pushed.kind}`);
    return pushed.kind === "pushed";
  };
  const pushFiles = async (ref: string, files: Record<string, string>): Promise<string | null> => {
    await clone.fetch();
    const tip = (await clone.refs())[ref];
    if (tip === undefined) return null;
    const commit = await write(ref, tip, files);
    oracle.willPush(ref, commit);
    if (await push(ref, tip, commit)) return `${commit.slice(0, 8)} on ${ref}`;
    oracle.refusedPush(commit);
    return null;
  };
  const rewind = async (ref: string, tip: string): Promise<string | null> => {
    const parent = (await clone.firstParents(tip, null))?.[1];
    if (parent === undefined) return null;
    oracle.willRewind(ref, parent);
    return (await push(ref, tip, parent)) ? `${ref} from ${tip.slice(0, 8)} to ${parent.slice(0, 8)}` : null;
  };
  const review = (event: "APPROVE" | "REQUEST_CHANGES", pull: ListedPull, commit: string): Promise<unknown> => {
    if (event === "APPROVE") oracle.approved(commit);
    return reviewer(`POST /pulls/${pull.number}/reviews`, {
      event,
      commit_id: commit,
      ...(event === "APPROVE" ? {} : { body: "Please change that." }),
    });
  };
  const main = toBranchRef("main");

  const acts: Record<PeopleAct, Act> = {
    "people: approve the plan": () => {
      const found = chance.pick(
        "proposed",
        executions().filter(({ state }) => state === "proposed"),
      );
      return found?.plan ? say(found.issue, `/enki approve ${found.plan.slice(0, 12)}`) : Promise.resolve(null);
    },
    "people: approve a pull request": onPull((pull) => review("APPROVE", pull, pull.head.sha), "approves"),
    "people: approve an older head": onPull(async (pull) => {
      const older = (await clone.fetch(), await clone.firstParents(pull.head.sha, null))?.[1];
      if (older !== undefined) await review("APPROVE", pull, older).catch(() => log("  GitHub does not know that head"));
    }, "approves an older head of"),
    "people: request changes": onPull((pull) => review("REQUEST_CHANGES", pull, pull.head.sha), "requests changes of"),
    "people: another request": async () => (executions().length > 2 ? null : request("/enki fix more of it")),
    "people: cancel a step": sayOfStep("cancel"),
    "people: cancel the request": () => say(issueOf(), "/enki cancel"),
    "people: pause": () => (chance.number("which") < 0.5 ? say(issueOf(), "/enki pause") : sayOfStep("pause")()),
    "people: resume": () => {
      const paused = executions().find(({ state }) => state === "paused");
      return paused ? say(paused.issue, "/enki resume") : sayOfStep("resume", (state) => state === "paused")();
    },
    "people: retry": () =>
      chance.number("which") < 0.5
        ? say(issueOf(), "/enki retry")
        : sayOfStep("retry", (state) => state === "failed" || state === "blocked")(),
    "people: skip a step": sayOfStep("skip"),
    "people: set a priority": () => say(issueOf(), `/enki priority ${chance.pick("priority", ["high", "low", "normal"]) ?? "high"}`),
    "people: raise or lower the budget": () => say(issueOf(), `/enki budget ${chance.pick("budget", ["+3", "2", "8"]) ?? "+3"}`),
    "people: a stranger commands": () =>
      say(issueOf(), chance.pick("strange", ["/enki cancel", "/enki retry", "/enki fix all"]) ?? "", stranger),
    "people: two commands in one comment": () => say(issueOf(), "/enki status\n/enki pause\n/enki resume"),
    "people: edit a comment into a command": async () => {
      const issue = issueOf();
      if (issue === undefined) return null;
      const { id } = await maintainer<{ id: number }>(`POST /issues/${issue}/comments`, { body: "I wonder." });
      clock.plan(20_000, () => maintainer(`PATCH /issues/comments/${id}`, { body: "/enki cancel" }));
      return `on ${issue}`;
    },
    "people: push to the base": () =>
      pushFiles(main, chance.number("shared") < 0.4 ? { "shared.txt": `by a person ${pushes}\n` } : { [`people/${pushes}`]: "x\n" }),
    "people: force-push the base": async () => {
      await clone.fetch();
      const tip = (await clone.refs())[main];
      return tip === undefined ? null : rewind(main, tip);
    },
    "people: push to a task branch": async () => {
      const [ref] = chance.pick("branch", await taskRefs()) ?? [];
      return ref === undefined ? null : pushFiles(ref, { [`people/task-${pushes}`]: "x\n" });
    },
    "people: force-push a task branch": async () => {
      const [ref, tip] = chance.pick("branch", await taskRefs()) ?? [];
      return ref === undefined || tip === undefined ? null : rewind(ref, tip);
    },
    "people: delete a task branch": async () => {
      const [ref, tip] = chance.pick("branch", await taskRefs()) ?? [];
      if (ref === undefined || tip === undefined) return null;
      oracle.willRewind(ref);
      return (await push(ref, tip, null)) ? ref : null;
    },
    "people: close a pull request": onPull(({ number }) => maintainer(`PATCH /pulls/${number}`, { state: "closed" }), "closes"),
    "people: reopen a pull request": onPull(
      ({ number }) => maintainer(`PATCH /pulls/${number}`, { state: "open" }).catch(() => log("  GitHub does not reopen it")),
      "reopens",
      "closed",
    ),
    "people: label a pull request hold": onPull(({ number }) => maintainer(`POST /issues/${number}/labels`, { labels: ["hold"] }), "holds"),
    "people: take the label away": onPull(
      ({ number }) => maintainer(`DELETE /issues/${number}/labels/hold`).catch(() => log("  it has no label")),
      "lets go of",
    ),
    "people: merge a pull request": onPull(async ({ number, head }) => {
      oracle.willMerge(head.ref, head.sha);
      await maintainer(`PUT /pulls/${number}/merge`, { sha: head.sha }).catch((error: unknown) =>
        log(`  GitHub does not merge: ${String(error)}`),
      );
    }, "merges by hand"),
    "people: edit the configuration": () => pushFiles(main, { ".enki/enki.toml": options.configOf((edits += 1)) }),
    "people: edit the rules": () => {
      isRuled = !isRuled;
      forge.setRules(repository, isRuled ? [chance.pick("rule", RULES) ?? RULES[0]] : []);
      return Promise.resolve(isRuled ? "a rule" : "no rule");
    },
    "people: forge a result": async () => {
      await clone.fetch();
      const tip = (await clone.refs())[main];
      const found = anyStep((state) => state === "running");
      if (tip === undefined || !found) return null;
      const ref = `refs/enki/results/work/${toTaskId(found.execution.id, found.step.id)}/${found.step.attempt}`;
      const commit = await write(ref, tip, { "result.json": '{"format":2,"end":"success"}' });
      return (await push(ref, null, commit)) ? ref : null;
    },
    "people: undo": sayOfStep("undo", (state) => state === "done"),
    "people: land a pull request of their own": async () => {
      await clone.fetch();
      const tip = (await clone.refs())[main];
      if (tip === undefined) return null;
      const branch = `own-${pushes}`;
      const commit = await write(toBranchRef(branch), tip, { [`people/own-${pushes}`]: "x\n" });
      if (!(await push(toBranchRef(branch), null, commit))) return null;
      const { number } = await maintainer<{ number: number }>("POST /pulls", { head: branch, base: "main", title: "By hand", body: "" });
      return say(number, "/enki land");
    },
    "people: take their pull request back": () => {
      const landing = chance.pick(
        "landing",
        executions().filter(({ landsPull }) => landsPull),
      );
      return landing ? say(landing.issue, "/enki unland") : Promise.resolve(null);
    },
  };

  const request = async (text: string): Promise<string> => {
    const { number } = await maintainer<{ number: number }>("POST /issues", { title: "The limit is too low", body: "It ends with 413." });
    await maintainer(`POST /issues/${number}/comments`, { body: text });
    return `${text} on ${number}`;
  };

  const perform = async (kind: PeopleAct): Promise<void> => {
    const done = await acts[kind]();
    if (done !== null) log(`${kind.replace("people: ", "a person: ")} · ${done}`);
  };

  return {
    request: async (text: string): Promise<void> => log(`a person: ${await request(text)}`),
    /** Performs one act of a person, or nothing if the act is omitted. */
    act: async (): Promise<void> => {
      let left = chance.number("act") * TOTAL;
      const kind = PEOPLE_ACTS.find((each) => (left -= WEIGHTS[each]) < 0) ?? "people: retry";
      if (chance.happens(kind, 1)) await perform(kind);
    },
    /** Approves the plan and every pull request of a task, as a helpful person does. */
    help: async (): Promise<void> => {
      await perform("people: approve the plan");
      for (const pull of await pulls()) if (pull.head.ref.startsWith("task/")) await review("APPROVE", pull, pull.head.sha);
    },
  };
};

const rule = (type: string, parameters?: unknown) => ({ branch: "main", type, ...(parameters === undefined ? {} : { parameters }) });
const RULES = [
  rule("pull_request", {
    required_approving_review_count: 0,
    dismiss_stale_reviews_on_push: false,
    require_code_owner_review: false,
    require_last_push_approval: false,
    required_review_thread_resolution: false,
  }),
  rule("required_linear_history"),
  rule("update"),
  rule("non_fast_forward"),
] as const;
