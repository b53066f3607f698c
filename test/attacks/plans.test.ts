import type { PlannedStep } from "../../src/core/domain/plan.ts";
import { step } from "../support/build.ts";
import { attackFamily, type AttackVariants } from "./attack-family.ts";
import { HIDDEN_TEXTS, IMITATED_WORDS, LOOKALIKE_TEXTS } from "./hidden-characters.ts";
import { proposeHostileSteps } from "./propose.ts";

type Hostile = { readonly steps: readonly PlannedStep[] };

/** Places of a step whose text Enki executes, compares or reads. */
const PLACES: Readonly<Record<string, (text: string) => PlannedStep>> = {
  "a step's run": (text) => step("a", { run: `npm test${text}` }),
  "a step's verify": (text) => step("a", { verify: ["npm test", `npm run lint${text}`] }),
  "a step's paths": (text) => step("a", { paths: [`src/${text}/**`] }),
  "a step's title": (text) => step("a", { title: `Fix${text} it` }),
  "a step's description": (text) => step("a", { description: `Fix it.\n${text}Thanks.` }),
};

const variants: Record<string, Hostile & { expected: string }> = {};
for (const [kind, texts] of Object.entries(HIDDEN_TEXTS)) {
  for (const [name, text] of Object.entries(texts))
    for (const [place, build] of Object.entries(PLACES))
      variants[`${kind} in ${place}: ${name}`] = { steps: [build(text)], expected: "hidden-character" };
}
for (const [name, text] of Object.entries(LOOKALIKE_TEXTS)) {
  for (const place of ["a step's run", "a step's verify", "a step's paths"] as const) {
    const hostile = PLACES[place]?.(text);
    if (hostile) variants[`lookalike in ${place}: ${name}`] = { steps: [hostile], expected: "hidden-character" };
  }
}
for (const [name, text] of Object.entries(IMITATED_WORDS)) {
  for (const place of ["a step's run", "a step's verify"] as const) {
    const hostile = PLACES[place]?.(text);
    if (hostile) variants[`imitated word in ${place}: ${name}`] = { steps: [hostile], expected: "hidden-character" };
  }
}
for (const [name, text] of Object.entries({ ...HIDDEN_TEXTS.direction, ...HIDDEN_TEXTS.invisible }))
  variants[`an id with ${name}`] = { steps: [step(`fix${text}`)], expected: "hidden-character" };

attackFamily("plans", variants satisfies AttackVariants<Hostile>, ({ steps }) => proposeHostileSteps(steps));
