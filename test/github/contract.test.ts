import { connectGitHub } from "../../src/github/connect-github.ts";
import { hashValue } from "../../src/core/domain/ids.ts";
import { memoryGitHub, SELF } from "../coordinator/memory-github.ts";
import { type ContractStage, githubContract } from "./contract.ts";

/** Opens the GitHub of the effect and snapshot tests, under the same contract as the others. */
const memoryStage = (): ContractStage => {
  const { as, state } = memoryGitHub();
  state.permissions["maintainer"] = "maintain";
  delete state.branches["task/abc123-one"];
  const issue = state.next++;
  state.issues.push({
    number: issue,
    by: "maintainer",
    title: "Uploads fail",
    body: "",
    labels: [],
    state: "open",
    reason: null,
    at: state.now,
  });
  const connect = (login: string, may: "read" | "write") =>
    connectGitHub({ octokit: as({ login, may }), owner: "octo", repo: "demo", clock: () => state.now });
  const VERDICTS = { APPROVE: "APPROVED", REQUEST_CHANGES: "CHANGES_REQUESTED" };
  return {
    id: "abc123",
    base: "main",
    since: 0,
    lacks: { bot: null, reader: null },
    maintainerMay: "write",
    eventually: (check) => check(),
    github: connect(SELF, "write"),
    self: SELF,
    person: connect("maintainer", "write"),
    maintainer: "maintainer",
    reader: connect("reader[bot]", "read"),
    issue,
    push: (branch) => {
      const tip = hashValue([branch, state.branches[branch]]).slice(0, 40);
      state.branches[branch] = tip;
      return Promise.resolve(tip);
    },
    review: (pull, verdict) => {
      const head = state.pulls.find(({ number }) => number === pull)?.head ?? "";
      state.reviews.push({
        id: state.next++,
        pull,
        by: "maintainer",
        state: VERDICTS[verdict],
        commit: state.branches[head] ?? "",
        at: state.now,
      });
      return Promise.resolve();
    },
    comment: (pull, body) => {
      const id = state.next++;
      state.lines.push({ id, pull, thread: id, by: "maintainer", body, at: state.now });
      return Promise.resolve(id);
    },
    resolve: (_, comment) => {
      state.resolved.push(comment);
      return Promise.resolve();
    },
    editReview: (_, review) => {
      state.edited.push(review);
      return Promise.resolve();
    },
    upload: (run, name) => {
      state.artifacts.push({ run, name });
      return Promise.resolve();
    },
    settle: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
};

githubContract("the GitHub in memory", () => Promise.resolve(memoryStage()));
