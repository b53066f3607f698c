import { candidateOf, type Candidate, composeBrief } from "../brief/compose.ts";
import { diffWithin, type PatchedFile } from "../brief/pull-diff.ts";
import type { GitHub, IssueText, PastText, PastTexts, Reply, ThreadComment } from "../github/ports.ts";
import type { Brief, BriefPull, KnownPermission, LateText } from "../model/brief.ts";
import type { Login } from "../model/ids.ts";
import type { Answers, Query } from "../model/query.ts";
import { charsOf, type FileSources, withFiles } from "./brief-files.ts";

type BriefQuery = Extract<Query, { kind: "brief" }>;

/** Comments come by the hundred, the newest first, and at most so many times. */
const PAGE = 100;
const MAX_PAGES = 10;
/** What is read of comments before anything is left out of it, in characters: hidden text costs time too. */
const MAX_RAW = 1_000_000;
/** People whose permission is looked up. */
const MAX_LOOKUPS = 20;

/**
 * Reads an issue with what people wrote on it. Requests: one for the issue, one more if it changed after the command, one for each hundred comments that are needed,
 * two for a pull request, and one for each of at most twenty people; beside the API one for each of at most ten attachments.
 */
export const readBrief = async (query: BriefQuery, { github, self, git }: From): Promise<Reply<Answers["brief"]>> => {
  const issue = await readIssue(query, github);
  if (!issue.ok) return refusedAs(issue);
  const thread = await readThread(query, issue.value, { github, self });
  if (!thread.ok) return refusedAs(thread);
  const pull = query.onPull ? await readPull(query.issue, github) : { ok: true as const, value: null };
  if (!pull.ok) return refusedAs(pull);
  const people = await readPermissions(askedFor(issue.value, thread.value.kept), github);
  if (!people.ok) return people;
  const { candidates, unread } = thread.value;
  const permissions = people.value;
  const composed = composeBrief(query, { issue: issue.value, candidates, unread, permissions, pull: pull.value?.pull ?? null });
  const brief = pull.value ? withDiff(composed, pull.value, query.maxChars) : composed;
  const sources = { files: github.files, textAt: git.textAt };
  return { ok: true, value: { kind: "read", brief: await withFiles(brief, query.maxChars, sources) } };
};

type IssueAsOf = IssueText & { readonly late?: LateText };

/** The issue with title and text as they were at the command. */
const readIssue = async ({ issue: number, until }: BriefQuery, { issues }: GitHub): Promise<Reply<IssueAsOf>> => {
  const issue = await issues.read(number);
  if (!issue.ok || issue.value.updated <= until) return issue;
  const { title, body, updated } = issue.value;
  const past = await issues.textsAt(number, until);
  if (!past.ok && past.failure.kind === "later") return past;
  if (!past.ok) return { ok: true, value: { ...issue.value, late: { title: true, body: true, at: updated, edited: false } } };
  const late = lateOf(past.value);
  const texts = { title: textOf(past.value.title, title), body: textOf(past.value.body, body) };
  return { ok: true, value: { ...issue.value, ...texts, ...(late && { late }) } };
};

const textOf = (past: PastText, current: string): string => (past.kind === "was" ? past.text : current);

const lateOf = ({ title, body }: PastTexts): LateText | null => {
  const edits = [title, body].flatMap((past) => (past.kind === "unknown" ? [past.edited] : []));
  if (edits.length === 0) return null;
  return { title: title.kind === "unknown", body: body.kind === "unknown", at: Math.max(...edits), edited: true };
};

/** A refusal is an answer: the command is refused with GitHub's words. */
const refusedAs = ({ failure }: Extract<Reply<unknown>, { ok: false }>): Reply<Answers["brief"]> =>
  failure.kind === "later" ? { ok: false, failure } : { ok: true, value: { kind: "refused", why: failure.why } };

type Thread = { readonly candidates: readonly Candidate[]; readonly kept: readonly ThreadComment[]; readonly unread: number };
type From = { readonly github: GitHub; readonly self: Login; readonly git: Pick<FileSources, "textAt"> };

/** Backwards from the newest page, until there is enough. */
const readThread = async (query: BriefQuery, issue: IssueText, { github, self }: Pick<From, "github" | "self">): Promise<Reply<Thread>> => {
  const pages = query.comments === "none" ? 0 : Math.ceil(issue.comments / PAGE);
  const read = new Map<number, ThreadComment>();
  let page = pages;
  let [raw, kept] = [0, 0];
  for (; page > Math.max(0, pages - MAX_PAGES) && raw < MAX_RAW && kept < query.maxChars; page -= 1) {
    const reply = await github.issues.commentsPage(query.issue, page);
    if (!reply.ok) return reply;
    for (const comment of reply.value) {
      if (read.has(comment.id)) continue;
      read.set(comment.id, comment);
      raw += comment.body.length;
      const candidate = candidateOf(comment, query, self);
      // Where others' comments are left out, nobody knows yet whose these are.
      if (candidate !== null && candidate !== "edited" && query.comments === "all") kept += candidate.text.length;
    }
  }
  const comments = [...read.values()].sort((a, b) => a.created - b.created || a.id - b.id);
  const candidates = comments.map((comment) => candidateOf(comment, query, self));
  return { ok: true, value: { candidates, kept: comments.filter((_, at) => isKept(candidates[at])), unread: page * PAGE } };
};

const isKept = (candidate: Candidate | undefined): boolean => candidate !== null && candidate !== undefined && candidate !== "edited";

/**
 * Whose permission is looked up: who opened the issue, then whom GitHub calls a member, then the others, the latest words first.
 * What GitHub says in passing is not known of private members, so it orders only.
 */
const askedFor = ({ by, bot }: IssueText, comments: readonly ThreadComment[]): readonly Login[] => {
  const newest = comments.toReversed();
  const members = newest.filter(({ member }) => member);
  const people = [...(bot ? [] : [by]), ...[...members, ...newest].map((comment) => comment.by)];
  return [...new Set(people)].slice(0, MAX_LOOKUPS);
};

const readPermissions = async (logins: readonly Login[], github: GitHub): Promise<Reply<ReadonlyMap<Login, KnownPermission>>> => {
  const known = new Map<Login, KnownPermission>();
  for (const login of logins) {
    const reply = await github.people.permission(login);
    if (!reply.ok && reply.failure.kind === "later") return reply;
    known.set(login, reply.ok ? reply.value : "unknown");
  }
  return { ok: true, value: known };
};

type PullRead = { readonly pull: BriefPull; readonly patched: readonly PatchedFile[] };

/** The brief with the lines that its pull request changes, in at most half of the room that comments leave. */
const withDiff = (brief: Brief, { pull, patched }: PullRead, maxChars: number): Brief => {
  const diff = diffWithin(patched, Math.floor((maxChars - charsOf(brief)) / 2));
  return diff === null ? brief : { ...brief, pull: { ...pull, diff } };
};

/** The diff comes with the list of changed files. */
const readPull = async (number: number, { pulls }: GitHub): Promise<Reply<PullRead>> => {
  const pull = await pulls.read(number);
  if (!pull.ok) return pull;
  const files = await pulls.files(number);
  if (!files.ok) return files;
  const { base, headRef, head, changedFiles } = pull.value;
  const more = Math.max(0, changedFiles - files.value.length);
  const changed = files.value.map(({ path, added, removed }) => ({ path, added, removed }));
  return { ok: true, value: { pull: { base, headRef, head, files: changed, more }, patched: files.value } };
};
