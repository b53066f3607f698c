import { askAboutApprovals, askAboutReviews, askAboutWorkflowChanges, needsBot } from "./pull-questions.ts";
import type { ContractPlace } from "./contract-place.ts";
import { askAboutAtomicPushes, askAboutContainedHeads, askAboutRefs, askAboutUpdateRefs } from "./ref-questions.ts";
import { askAboutComments, askAboutDeliveries, askAboutHops } from "./text-questions.ts";

/** Questions that no document answers, only GitHub itself. */
export type OpenQuestion = {
  readonly question: string;
  /** The missing requirement of an answer, or null. */
  readonly needs?: (place: ContractPlace) => string | null;
  /** `id` is in the name of everything that the question makes. */
  readonly ask: (place: ContractPlace, id: string) => Promise<string>;
};

export const OPEN_QUESTIONS: readonly OpenQuestion[] = [
  { question: "1. Does a push to refs/enki/* start runs, send webhooks, or meet rules for branches?", ask: askAboutRefs },
  {
    question: "2. Does updateRefs accept refs/enki/*, how does it refuse a stale value, and how many refs does it take?",
    ask: askAboutUpdateRefs,
  },
  { question: "3. Does git push --atomic --force-with-lease work with refs/enki/*?", ask: askAboutAtomicPushes },
  {
    question: "4. Do the runs of a bot's pull request wait, and may the bot approve or rerun them?",
    needs: needsBot,
    ask: askAboutApprovals,
  },
  {
    question: "5. Does a person's review start a workflow on a bot's pull request, also with a conflict?",
    needs: needsBot,
    ask: askAboutReviews,
  },
  { question: "6. May a job wake the next by repository_dispatch without end?", ask: askAboutHops },
  {
    question: "7. In what is a comment's limit counted, and may a bot pin a comment or approve its own pull request?",
    ask: askAboutComments,
  },
  {
    question: "8. May a bot merge the default branch into a task's branch after its workflows changed?",
    needs: needsBot,
    ask: askAboutWorkflowChanges,
  },
  {
    question: "9. Does an App receive webhooks of what GITHUB_TOKEN caused?",
    needs: ({ asApp }) => (asApp === null ? "needs an App's key: APP_ID and PRIVATE_KEY_PATH" : null),
    ask: askAboutDeliveries,
  },
  { question: "10. What becomes of a pull request whose head is pushed to a commit that its base contains?", ask: askAboutContainedHeads },
];
