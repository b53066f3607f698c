import type { Base, Login, Millis, Sha } from "../model/ids.ts";
import type { JobInputs, Reaction } from "../model/effect.ts";
import type { Permission, Pull, Review, Run } from "../model/query.ts";

/** `refused`: GitHub said no and will say no again. `later`: a limit or a fault, with the time to try again. */
export type Failure =
  | { readonly kind: "refused"; readonly code: string; readonly why: string }
  | { readonly kind: "later"; readonly at: Millis; readonly why: string };
export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

export type Comment = {
  readonly id: number;
  readonly issue: number;
  readonly by: Login;
  readonly bot: boolean;
  readonly body: string;
  readonly created: Millis;
  readonly updated: Millis;
};

export type Issues = {
  /** Issue and pull request comments of the repository that changed since, oldest first. */
  commentsSince(since: Millis): Promise<Reply<readonly Comment[]>>;
  commentsOn(issue: number): Promise<Reply<readonly Comment[]>>;
  comment(issue: number, body: string): Promise<Reply<{ comment: number }>>;
  editComment(comment: number, body: string): Promise<Reply<null>>;
  react(comment: number, reaction: Reaction): Promise<Reply<null>>;
  closeIssue(issue: number): Promise<Reply<null>>;
};

export type Pulls = {
  /** All open pull requests, and the closed ones that changed lately. */
  list(): Promise<Reply<readonly Pull[]>>;
  /** `exists` is answered by looking the open pull request of that head up. */
  open(pull: { head: string; base: Base; title: string; body: string }): Promise<Reply<{ pull: number }>>;
  close(pull: number): Promise<Reply<null>>;
  reviews(pull: number): Promise<Reply<readonly Review[]>>;
};

export type Checks = {
  setStatus(status: { commit: Sha; state: "pending" | "success" | "failure"; text: string }): Promise<Reply<null>>;
};

export type Runs = {
  /** Starts `enki-step.yml` at the default branch; the run's id where GitHub tells it. */
  startJob(inputs: JobInputs): Promise<Reply<{ run: number | null }>>;
  /** The newest runs of `enki-step.yml`. The list lags behind a start by seconds. */
  list(): Promise<Reply<readonly Run[]>>;
  stop(run: number): Promise<Reply<null>>;
};

export type People = {
  permission(login: Login): Promise<Reply<Permission>>;
};

export type GitHub = {
  readonly issues: Issues;
  readonly pulls: Pulls;
  readonly checks: Checks;
  readonly runs: Runs;
  readonly people: People;
  /** Requests sent so far, those answered "not modified" apart. */
  readonly requests: () => { readonly sent: number; readonly notModified: number };
  /** GitHub's clock, from the last answer's `Date` header; null before the first. */
  readonly serverTime: () => Millis | null;
};
