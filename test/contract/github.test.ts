import { afterAll, describe, test } from "vitest";
import { githubContract } from "../github/contract.ts";
import { openContractPlace } from "./contract-place.ts";
import { readContractSettings } from "./contract-settings.ts";
import { openContractStage } from "./contract-stage.ts";
import { OPEN_QUESTIONS } from "./open-questions.ts";

declare module "vitest" {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- Vitest's type is extended by its interface.
  interface TaskMeta {
    /** The answer to an open question. */
    answer?: string;
  }
}

const place = await openContractPlace(readContractSettings(process.env));
const MAX_QUESTION_MS = 15 * 60_000;

afterAll(() => place.close(), MAX_QUESTION_MS);

githubContract(`${place.slug.owner}/${place.slug.repo}`, () => openContractStage(place));

describe("open questions", () => {
  for (const { question, needs, ask } of OPEN_QUESTIONS)
    test(question, { timeout: MAX_QUESTION_MS }, async ({ skip, task }) => {
      const lack = needs?.(place) ?? null;
      skip(lack !== null, lack ?? undefined);
      try {
        task.meta.answer = await ask(place, place.newId());
      } finally {
        await place.cleanUp();
      }
    });
});
