import { readMarker } from "../render/marker.ts";
import { stepLines } from "./comment-text.ts";
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
  /** Milliseconds. */ readonly limit: number;
};
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

/** Plays the maintainer: opens the issue, asks, approves the plan that is shown and the checkpoint that waits, until Enki is done or stops. */
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
    await answer({ person, issue, own, answered, say });
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
};

/** What a maintainer answers who agrees with everything: each question once. */
const answer = async ({ person, issue, own, answered, say }: Answering): Promise<void> => {
  const once = async (key: string, act: () => Promise<unknown>): Promise<void> => {
    if (answered.has(key)) return;
    answered.add(key);
    say(`maintainer: ${key}`);
    await act();
  };
  for (const [line] of own.body.matchAll(/^\/enki approve [^\s]+$/gm)) await once(line, () => person.comment(issue, line));
  for (const [, number] of own.body.matchAll(/approve #(\d+) with a review/g)) {
    await once(`approves pull request #${number} with a review`, async () => {
      const pull = (await person.pulls()).find((each) => each.number === Number(number));
      if (pull) await person.approve(pull);
    });
  }
};
