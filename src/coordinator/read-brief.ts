import { toCommentCandidate, type CommentCandidate, composeBrief } from "../core/brief/compose-brief.ts";
import { diffWithin, type PatchedFile } from "../core/brief/pull-diff.ts";
import type { GitHubPorts, IssueText, PastText, PastTexts, GitHubReply, ThreadComment } from "../github/github-ports.ts";
import type { Brief, BriefPull, LateText } from "../core/domain/brief.ts";
import type { Login } from "../core/domain/ids.ts";
import type { QueryAnswers, Query } from "../core/domain/query.ts";
import { countBriefChars, type FileSources, addLinkedFiles } from "./linked-files.ts";
import { lookUpPermissions } from "./look-up-permissions.ts";

type BriefQuery = Extract<Query, { kind: "brief" }>;

/** Comments are read in pages, the newest first, up to this number of pages. */
const COMMENTS_PER_PAGE = 100;
const MAX_COMMENT_PAGES = 10;
/** The limit for unfiltered comment text, in characters: hidden text also takes time to read. */
const MAX_RAW_COMMENT_CHARS = 1_000_000;
const MAX_BRIEF_LOOKUPS = 20;

/**
 * Reads an issue and its comments. Sends a request for the issue, another if the issue changed after the command, a request for each needed
 * page of comments, two for a pull request, and a request for each of at most twenty people; outside the API, a request for each of at most
 * ten attachments.
 */
export const readBrief = async (query: BriefQuery, { github, botLogin, git }: BriefPorts): Promise<GitHubReply<QueryAnswers["brief"]>> => {
  const issue = await readIssueAsOf(query, github);
  if (!issue.ok) return toRefusedBrief(issue);
  const thread = await readIssueThread(query, issue.value, { github, botLogin });
  if (!thread.ok) return toRefusedBrief(thread);
  const pull = query.onPullRequest ? await readBriefPull(query.issue, github) : { ok: true as const, value: null };
  if (!pull.ok) return toRefusedBrief(pull);
  const people = await lookUpPermissions(selectBriefPeople(issue.value, thread.value.kept), github);
  if (!people.ok) return people;
  const { candidates, unread } = thread.value;
  const permissions = people.value;
  const composed = composeBrief(query, { issue: issue.value, candidates, unread, permissions, pull: pull.value?.pull ?? null });
  const brief = pull.value ? addPullDiff(composed, pull.value, query.maxChars) : composed;
  const sources = { files: github.files, textAt: git.textAt };
  return { ok: true, value: { kind: "read", brief: await addLinkedFiles(brief, query.maxChars, sources) } };
};

type IssueAsOf = IssueText & { readonly late?: LateText };

/** The issue with its title and text at the time of the command. */
const readIssueAsOf = async ({ issue: number, asOf }: BriefQuery, { issues }: GitHubPorts): Promise<GitHubReply<IssueAsOf>> => {
  const issue = await issues.read(number);
  if (!issue.ok || issue.value.updated <= asOf) return issue;
  const { title, body, updated } = issue.value;
  const past = await issues.textsAt(number, asOf);
  if (!past.ok && past.failure.kind === "later") return past;
  if (!past.ok) return { ok: true, value: { ...issue.value, late: { title: true, body: true, at: updated, edited: false } } };
  const late = findLateEdits(past.value);
  const texts = { title: choosePastText(past.value.title, title), body: choosePastText(past.value.body, body) };
  return { ok: true, value: { ...issue.value, ...texts, ...(late && { late }) } };
};

const choosePastText = (past: PastText, current: string): string => (past.kind === "was" ? past.text : current);

const findLateEdits = ({ title, body }: PastTexts): LateText | null => {
  const edits = [title, body].flatMap((past) => (past.kind === "unknown" ? [past.edited] : []));
  if (edits.length === 0) return null;
  return { title: title.kind === "unknown", body: body.kind === "unknown", at: Math.max(...edits), edited: true };
};

/** A refusal is an answer: the command is refused with GitHub's reason. */
const toRefusedBrief = ({ failure }: Extract<GitHubReply<unknown>, { ok: false }>): GitHubReply<QueryAnswers["brief"]> =>
  failure.kind === "later" ? { ok: false, failure } : { ok: true, value: { kind: "refused", reason: failure.reason } };

type ThreadReading = { readonly candidates: readonly CommentCandidate[]; readonly kept: readonly ThreadComment[]; readonly unread: number };
type BriefPorts = { readonly github: GitHubPorts; readonly botLogin: Login; readonly git: Pick<FileSources, "textAt"> };

/** Reads pages backwards from the newest until there is enough text. */
const readIssueThread = async (
  query: BriefQuery,
  issue: IssueText,
  { github, botLogin }: Pick<BriefPorts, "github" | "botLogin">,
): Promise<GitHubReply<ThreadReading>> => {
  const pages = query.comments === "none" ? 0 : Math.ceil(issue.comments / COMMENTS_PER_PAGE);
  const read = new Map<number, ThreadComment>();
  let page = pages;
  let [raw, kept] = [0, 0];
  for (; page > Math.max(0, pages - MAX_COMMENT_PAGES) && raw < MAX_RAW_COMMENT_CHARS && kept < query.maxChars; page -= 1) {
    const reply = await github.issues.commentsPage(query.issue, page);
    if (!reply.ok) return reply;
    for (const comment of reply.value) {
      if (read.has(comment.id)) continue;
      read.set(comment.id, comment);
      raw += comment.body.length;
      const candidate = toCommentCandidate(comment, query, botLogin);
      // If comments are restricted to trusted people, their permissions are not known yet, so nothing counts.
      if (candidate !== null && candidate !== "edited" && query.comments === "all") kept += candidate.text.length;
    }
  }
  const comments = [...read.values()].sort((a, b) => a.created - b.created || a.id - b.id);
  const candidates = comments.map((comment) => toCommentCandidate(comment, query, botLogin));
  return {
    ok: true,
    value: { candidates, kept: comments.filter((_, at) => isKeptCandidate(candidates[at])), unread: page * COMMENTS_PER_PAGE },
  };
};

const isKeptCandidate = (candidate: CommentCandidate | undefined): boolean =>
  candidate !== null && candidate !== undefined && candidate !== "edited";

/**
 * People whose permission is looked up: the issue's author, then those whom GitHub marks as members, then the others; the latest first.
 * The mark is missing for private members, so it only orders.
 */
const selectBriefPeople = ({ by, bot }: IssueText, comments: readonly ThreadComment[]): readonly Login[] => {
  const newest = comments.toReversed();
  const members = newest.filter(({ member }) => member);
  const people = [...(bot ? [] : [by]), ...[...members, ...newest].map((comment) => comment.by)];
  return [...new Set(people)].slice(0, MAX_BRIEF_LOOKUPS);
};

type PatchedPull = { readonly pull: BriefPull; readonly patched: readonly PatchedFile[] };

/** Adds the pull request's diff, in at most half of the space that comments leave. */
const addPullDiff = (brief: Brief, { pull, patched }: PatchedPull, maxChars: number): Brief => {
  const diff = diffWithin(patched, Math.floor((maxChars - countBriefChars(brief)) / 2));
  return diff === null ? brief : { ...brief, pull: { ...pull, diff } };
};

/** Reads a pull request with its changed files; GitHub sends the diff with them. */
const readBriefPull = async (number: number, { pulls }: GitHubPorts): Promise<GitHubReply<PatchedPull>> => {
  const pull = await pulls.read(number);
  if (!pull.ok) return pull;
  const files = await pulls.files(number);
  if (!files.ok) return files;
  const { baseBranch, headRef, head, changedFiles } = pull.value;
  const more = Math.max(0, changedFiles - files.value.length);
  const changed = files.value.map(({ path, added, removed }) => ({ path, added, removed }));
  return { ok: true, value: { pull: { baseBranch: baseBranch, headRef, head, files: changed, omittedFiles: more }, patched: files.value } };
};
