import { expect, test } from "vitest";
import type { Execution } from "../../src/core/domain/execution.ts";
import type { Explanation } from "../../src/core/domain/explanation.ts";
import type { Refusal } from "../../src/core/domain/refusal.ts";
import {
  ACCUSED,
  AWAITS_PULL,
  AWAITS_STOP,
  AWAITS_VERDICT,
  AWAITS_WORKER,
  explainAttempt,
  explainBackOff,
  explainLanding,
  explainPersonWaits,
  explainQueue,
  explainResolution,
  explainUnmetNeeds,
} from "../../src/core/messages/refusals/waits.ts";
import { explainRun } from "../../src/cli/run-continuation.ts";
import { ledgerOf } from "../local-github/web/ledgers.ts";
import { step, stepIn } from "../support/build.ts";

const execution = ledgerOf([step("fix")], [stepIn("fix", "published")]).executions["abc123"] as Execution;

const explain = (why: Refusal): Explanation =>
  explainRun(
    {
      execution: execution.id,
      step: null,
      title: "",
      state: "running",
      why,
      evidence: [],
      steps: [{ step: "fix", state: "published", why }],
      moreSteps: 0,
      actions: [],
    },
    execution,
    "resumable",
  );

test.each([
  AWAITS_VERDICT,
  ACCUSED,
  AWAITS_PULL,
  AWAITS_WORKER,
  AWAITS_STOP,
  explainAttempt(1),
  explainBackOff(0),
  explainLanding("main"),
  explainQueue("main"),
  explainResolution("main", "attempt 1"),
])("after an interruption, no step claims that something happens without a person: $code", (why) => {
  const { why: whole, steps } = explain(why);
  expect([whole.code, steps[0]?.why.code]).toEqual(["interrupted", "interrupted"]);
});

test.each([explainUnmetNeeds(["other"]), explainPersonWaits("1 step waits")])("other reasons stay after an interruption: $code", (why) => {
  expect(explain(why).why).toEqual(why);
});
