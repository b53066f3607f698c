import { ENKI_STATUS_CONTEXT } from "../core/domain/github-facts.ts";
import { openOctokit } from "../github/open-octokit.ts";

type ClientComment = { readonly id: number; readonly body: string; readonly user: { readonly login: string } };
type ClientPull = { readonly number: number; readonly head: { readonly ref: string; readonly sha: string }; readonly state: string };

type ClientLineRemark = { readonly path: string; readonly line: number; readonly body: string };
type ClientLineComment = ClientLineRemark & {
  readonly id: number;
  readonly in_reply_to_id?: number;
  readonly user: { readonly login: string };
};
type ClientReview = {
  readonly event: "APPROVE" | "REQUEST_CHANGES" | "COMMENT";
  readonly body?: string;
  readonly comments?: readonly ClientLineRemark[];
};

type ClientJob = { readonly id: number; readonly name: string; readonly status: string; readonly conclusion: string | null };

/** A person's REST client, with a token of their own, for one repository. */
export type PersonClient = {
  readonly openIssue: (title: string, body: string) => Promise<number>;
  readonly comment: (issue: number, body: string) => Promise<number>;
  readonly comments: (issue: number) => Promise<readonly ClientComment[]>;
  /** Reactions to a comment, such as Enki's `eyes` to an accepted command. */
  readonly reactions: (comment: number) => Promise<readonly { readonly content: string; readonly user: { readonly login: string } }[]>;
  readonly jobs: (run: number) => Promise<readonly ClientJob[]>;
  /** The whole log of a job of Actions. */
  readonly jobLog: (job: number) => Promise<string>;
  readonly isOpen: (issue: number) => Promise<boolean>;
  /** A file at a commit; null if the file does not exist. */
  readonly file: (path: string, commit: string) => Promise<string | null>;
  /** Whether Enki's own check of a commit is green. */
  readonly isVerified: (commit: string) => Promise<boolean>;
  readonly pulls: () => Promise<readonly ClientPull[]>;
  readonly approve: (pull: ClientPull) => Promise<void>;
  /** Submits a review of the present head and returns its id. */
  readonly review: (pull: number, review: ClientReview) => Promise<number>;
  /** Line comments of a pull request, oldest first. */
  readonly lineComments: (pull: number) => Promise<readonly ClientLineComment[]>;
  /** Answers in the thread of a line comment. */
  readonly answerLine: (pull: number, comment: number, body: string) => Promise<number>;
};

export type PersonClientOptions = { readonly apiUrl: string; readonly token: string; readonly owner: string; readonly name: string };

/** Throws GitHub's message for every answer that is not a success. */
export const openPersonClient = ({ apiUrl, token, owner, name }: PersonClientOptions): PersonClient => {
  const octokit = openOctokit(token, apiUrl);
  const call = async (route: `${"GET" | "POST"} ${string}`, body?: object): Promise<unknown> => {
    const [method = "", path = ""] = route.split(" ");
    try {
      return (await octokit.request(`${method} /repos/${owner}/${name}${path}`, { ...body })).data;
    } catch (error) {
      throw new Error(`${route}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  };
  // The types follow GitHub's documentation; the local GitHub is tested against GitHub's schemas.
  const get = async <T>(path: string): Promise<T> => (await call(`GET ${path}`)) as T;
  const post = async <T>(path: string, body: object): Promise<T> => (await call(`POST ${path}`, body)) as T;
  return {
    openIssue: async (title, body) => (await post<{ number: number }>("/issues", { title, body })).number,
    comment: async (issue, body) => (await post<{ id: number }>(`/issues/${issue}/comments`, { body })).id,
    comments: (issue) => get(`/issues/${issue}/comments?per_page=100`),
    reactions: (comment) => get(`/issues/comments/${comment}/reactions?per_page=100`),
    jobs: async (run) => (await get<{ jobs: readonly ClientJob[] }>(`/actions/runs/${run}/jobs?per_page=100`)).jobs,
    jobLog: async (job) => String(await get<unknown>(`/actions/jobs/${job}/logs`)),
    isOpen: async (issue) => (await get<{ state: string }>(`/issues/${issue}`)).state === "open",
    file: async (path, commit) => {
      const read = await get<{ content: string }>(`/contents/${path}?ref=${commit}`).catch(() => null);
      return read && Buffer.from(read.content, "base64").toString("utf8");
    },
    isVerified: async (commit) => {
      const statuses = await get<readonly { context: string; state: string }[]>(`/commits/${commit}/statuses`);
      return statuses.find(({ context }) => context === ENKI_STATUS_CONTEXT)?.state === "success";
    },
    pulls: () => get("/pulls?state=all&per_page=100"),
    approve: async ({ number, head }) => {
      await post(`/pulls/${number}/reviews`, { event: "APPROVE", commit_id: head.sha });
    },
    review: async (pull, review) => (await post<{ id: number }>(`/pulls/${pull}/reviews`, review)).id,
    lineComments: (pull) => get(`/pulls/${pull}/comments?per_page=100`),
    answerLine: async (pull, comment, body) => (await post<{ id: number }>(`/pulls/${pull}/comments/${comment}/replies`, { body })).id,
  };
};
