import { readMarker } from "../render/marker.ts";
import { plainComment, stepLines } from "./comment-text.ts";
import type { Person } from "./person.ts";

export type Teller = {
  readonly person: Person;
  readonly app: string;
  readonly sleep: (delay: number) => Promise<void>;
  readonly now: () => number;
  readonly say: (line: string) => void;
};

export type Story = {
  readonly title: string;
  readonly body: string;
  readonly request: string;
  /** What the maintainer says on a line of the first checkpoint's work, before approving it; null for nothing. */
  readonly review: StoryReview | null;
  /** Milliseconds. */ readonly limit: number;
};
/** On the first line of a file that holds a text. */
export type StoryReview = { readonly path: string; readonly find: string; readonly body: string };
export type StoryEnd = {
  readonly issue: number;
  readonly execution: string;
  readonly end: "done" | "stopped" | "too-late";
  readonly last: string;
};

/** Between two looks, in milliseconds. */
const LOOK = 100;
/** After this time a person looks less often; GitHub counts requests. */
const PATIENCE = 60_000;
const LATER_LOOK = 2_000;
const HEADLINE = /^### (.*)$/m;

/** Plays the maintainer: opens the issue, asks, approves the plan that is shown, reviews the checkpoint that waits and approves it, until Enki is done or stops. */
export const playMaintainer = async ({ person, app, sleep, now, say }: Teller, story: Story): Promise<StoryEnd> => {
  const begun = now();
  const issue = await person.openIssue(story.title, story.body);
  say(`maintainer opens issue #${issue}: ${story.title}`);
  await person.comment(issue, story.request);
  say(`maintainer: ${story.request}`);
  const answered = new Set<string>();
  let seen: Own = NOTHING;
  for (;;) {
    const own = (await findOwn(person, { issue, app })) ?? NOTHING;
    tellNews({ app, say }, own, seen);
    seen = own;
    await answer({ person, issue, own, answered, say, app, review: story.review });
    const end = now() - begun > story.limit ? "too-late" : endOf(own.headline);
    // An issue of which nothing was changed stays open.
    const closes = own.headline.startsWith("Done: all of it landed");
    if (end !== null && !(closes && (await person.isOpen(issue)))) return { issue, execution: own.execution, end, last: own.body };
    await sleep(now() - begun < PATIENCE ? LOOK : LATER_LOOK);
  }
};

/** What the comment says that it did not say before: a headline, and the first time the steps of the plan. */
const tellNews = ({ app, say }: Pick<Teller, "app" | "say">, own: Own, seen: Own): void => {
  if (own.headline !== seen.headline) say(`${app}: ${own.headline}`);
  if (stepLines(seen.body).length > 0) return;
  const lines = stepLines(own.body);
  const width = Math.max(0, ...lines.map(({ step }) => step.length));
  for (const { step, title, state } of lines) say(`    ${step.padEnd(width)}  ${title} (${state})`);
};

type Own = { readonly body: string; readonly headline: string; readonly execution: string };

const NOTHING: Own = { body: "", headline: "", execution: "" };

/** The one comment that tells how it stands; null before there is one. */
const findOwn = async (person: Person, { issue, app }: { issue: number; app: string }): Promise<Own | null> => {
  for (const { body, user } of await person.comments(issue)) {
    const marker = readMarker(body);
    if (user.login === app && marker?.kind === "execution") return { body, headline: HEADLINE.exec(body)?.[1] ?? "", execution: marker.id };
  }
  return null;
};

const endOf = (headline: string): "done" | "stopped" | null => {
  if (headline.startsWith("Done")) return "done";
  return headline.startsWith("Stopped") || headline.startsWith("Cancelled") ? "stopped" : null;
};

type Answering = {
  readonly person: Person;
  readonly issue: number;
  readonly own: Own;
  readonly answered: Set<string>;
  readonly say: (line: string) => void;
  readonly app: string;
  readonly review: StoryReview | null;
};

/** What a maintainer answers who agrees with everything but one line: each question once. */
const answer = async (answering: Answering): Promise<void> => {
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
    if (!pull || !(await mayApprove(answering, pull))) continue;
    await once(key, () => person.approve(pull));
  }
};

type OpenPull = Awaited<ReturnType<Person["pulls"]>>[number];

/** Requests changes first, once in the story; true once these are answered and the new head is verified, and for all else. */
const mayApprove = async ({ person, app, answered, say, review }: Answering, pull: OpenPull): Promise<boolean> => {
  if (!review) return true;
  const asked = [...answered].find((key) => key.startsWith(ASKS));
  if (asked !== undefined && asked !== `${ASKS}${pull.number}`) return true;
  if (asked === undefined) {
    const content = await person.file(review.path, pull.head.sha);
    const line = 1 + (content ?? "").split("\n").findIndex((text) => text.includes(review.find));
    if (line === 0) return true;
    answered.add(`${ASKS}${pull.number}`);
    say(`maintainer: requests changes on #${pull.number}, at ${review.path}:${line}: ${review.body}`);
    await person.review(pull.number, { event: "REQUEST_CHANGES", comments: [{ path: review.path, line, body: review.body }] });
    return false;
  }
  const said = await person.lineComments(pull.number);
  const answer = said.find(({ user, in_reply_to_id }) => user.login === app && in_reply_to_id !== undefined);
  if (!answer) return false;
  const key = `answer ${answer.id}`;
  if (!answered.has(key)) say(`${app} on ${review.path}: ${plainComment(answer.body)}`);
  answered.add(key);
  return person.isVerified(pull.head.sha);
};

const ASKS = "asks for changes on #";
