import { readMarker } from "../core/messages/comment-marker.ts";
import { toPlainComment, readStepLines } from "./plain-comment.ts";
import type { PersonClient } from "./person-client.ts";
import { MINUTE_MS, SECOND_MS } from "../core/domain/durations.ts";

export type MaintainerHost = {
  readonly person: PersonClient;
  readonly app: string;
  readonly sleep: (delay: number) => Promise<void>;
  readonly now: () => number;
  readonly say: (line: string) => void;
};

export type MaintainerStory = {
  readonly title: string;
  readonly body: string;
  readonly request: string;
  /** The maintainer's line comment on the first checkpoint, before the approval; null for none. */
  readonly review: StoryReview | null;
  /** Time limit in milliseconds. */
  readonly limit: number;
};
/** A comment on the first line of a file that contains a text. */
export type StoryReview = { readonly path: string; readonly find: string; readonly body: string };
export type DemoEnd = {
  readonly issue: number;
  readonly execution: string;
  readonly end: "done" | "stopped" | "too-late";
  readonly last: string;
};

const FAST_POLL_MS = 100;
/** Polling slows down after this time, because GitHub counts requests. */
const FAST_POLL_PERIOD_MS = MINUTE_MS;
const SLOW_POLL_MS = 2_000;
const HEADLINE_PATTERN = /^### (.*)$/m;

/** Plays the maintainer: opens the issue, requests the work, approves the plan, reviews and approves the checkpoint, until Enki is done or stops. */
export const playMaintainer = async ({ person, app, sleep, now, say }: MaintainerHost, story: MaintainerStory): Promise<DemoEnd> => {
  const begun = now();
  const issue = await person.openIssue(story.title, story.body);
  say(`maintainer opens issue #${issue}: ${story.title}`);
  await person.comment(issue, story.request);
  say(`maintainer: ${story.request}`);
  const answered = new Set<string>();
  const waitForNextSecond = (): Promise<void> => sleep(SECOND_MS - (now() % SECOND_MS));
  let seen: SeenComment = NO_COMMENT;
  for (;;) {
    const own = (await findExecutionComment(person, { issue, app })) ?? NO_COMMENT;
    printNews({ app, say }, own, seen);
    seen = own;
    await answerOpenRequests({ person, issue, own, answered, say, app, review: story.review, waitForNextSecond });
    const end = now() - begun > story.limit ? "too-late" : readDemoEnd(own.headline);
    // An issue without any landed change stays open.
    const closes = own.headline.startsWith("Done: everything landed");
    if (end !== null && !(closes && (await person.isOpen(issue)))) return { issue, execution: own.execution, end, last: own.body };
    await sleep(now() - begun < FAST_POLL_PERIOD_MS ? FAST_POLL_MS : SLOW_POLL_MS);
  }
};

/** Prints news of Enki's comment: a new headline, and once the steps of the plan. */
const printNews = ({ app, say }: Pick<MaintainerHost, "app" | "say">, own: SeenComment, seen: SeenComment): void => {
  if (own.headline !== seen.headline) say(`${app}: ${own.headline}`);
  if (readStepLines(seen.body).length > 0) return;
  const lines = readStepLines(own.body);
  const width = Math.max(0, ...lines.map(({ step }) => step.length));
  for (const { step, title, state } of lines) say(`    ${step.padEnd(width)}  ${title} (${state})`);
};

type SeenComment = { readonly body: string; readonly headline: string; readonly execution: string };

const NO_COMMENT: SeenComment = { body: "", headline: "", execution: "" };

/** The execution's comment; null before its start. */
const findExecutionComment = async (person: PersonClient, { issue, app }: { issue: number; app: string }): Promise<SeenComment | null> => {
  for (const { body, user } of await person.comments(issue)) {
    const marker = readMarker(body);
    if (user.login === app && marker?.kind === "execution")
      return { body, headline: HEADLINE_PATTERN.exec(body)?.[1] ?? "", execution: marker.id };
  }
  return null;
};

const readDemoEnd = (headline: string): "done" | "stopped" | null => {
  if (headline.startsWith("Done")) return "done";
  return headline.startsWith("Stopped") || headline.startsWith("Cancelled") ? "stopped" : null;
};

type MaintainerTurn = {
  readonly person: PersonClient;
  readonly issue: number;
  readonly own: SeenComment;
  readonly answered: Set<string>;
  readonly say: (line: string) => void;
  readonly app: string;
  readonly review: StoryReview | null;
  readonly waitForNextSecond: () => Promise<void>;
};

/** Answers each open question once: agrees to everything except for a single line. */
const answerOpenRequests = async (answering: MaintainerTurn): Promise<void> => {
  const { person, issue, own, answered, say } = answering;
  const once = async (key: string, act: () => Promise<unknown>): Promise<void> => {
    if (answered.has(key)) return;
    answered.add(key);
    say(`maintainer: ${key}`);
    await act();
  };
  for (const [line] of own.body.matchAll(/^\/enki approve [^\s]+$/gm)) await once(line, () => person.comment(issue, line));
  for (const [, number] of own.body.matchAll(/approve #(\d+) with a review/g)) {
    const key = `approves pull request #${number} with a review`;
    const pull = answered.has(key) ? undefined : (await person.pulls()).find((each) => each.number === Number(number));
    if (!pull || !(await reviewBeforeApproval(answering, pull))) continue;
    await once(key, async () => {
      // GitHub's times have whole seconds, and an approval from the second in which the head appeared does not count.
      await answering.waitForNextSecond();
      await person.approve(pull);
    });
  }
};

type MaintainerPull = Awaited<ReturnType<PersonClient["pulls"]>>[number];

/** Requests changes once. Returns true after the changes are answered and the new head is verified, and if there is no review. */
const reviewBeforeApproval = async ({ person, app, answered, say, review }: MaintainerTurn, pull: MaintainerPull): Promise<boolean> => {
  if (!review) return true;
  const asked = [...answered].find((key) => key.startsWith(CHANGE_REQUEST_PREFIX));
  if (asked !== undefined && asked !== `${CHANGE_REQUEST_PREFIX}${pull.number}`) return true;
  if (asked === undefined) {
    const content = await person.file(review.path, pull.head.sha);
    const line = 1 + (content ?? "").split("\n").findIndex((text) => text.includes(review.find));
    if (line === 0) return true;
    answered.add(`${CHANGE_REQUEST_PREFIX}${pull.number}`);
    say(`maintainer: requests changes on #${pull.number}, at ${review.path}:${line}: ${review.body}`);
    await person.review(pull.number, { event: "REQUEST_CHANGES", comments: [{ path: review.path, line, body: review.body }] });
    return false;
  }
  const said = await person.lineComments(pull.number);
  const answer = said.find(({ user, in_reply_to_id }) => user.login === app && in_reply_to_id !== undefined);
  if (!answer) return false;
  const key = `answer ${answer.id}`;
  if (!answered.has(key)) say(`${app} on ${review.path}: ${toPlainComment(answer.body)}`);
  answered.add(key);
  return person.isVerified(pull.head.sha);
};

const CHANGE_REQUEST_PREFIX = "asks for changes on #";
