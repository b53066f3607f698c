import { expect, test } from "vitest";
import { LEDGER_REF } from "../../src/core/domain/refs.ts";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { replayLedger } from "../../src/storage/ledger/replay-ledger.ts";
import { replayDecision } from "../../src/coordinator/replay-decision.ts";
import { after } from "../support/after.ts";
import { identity } from "../support/repository.ts";
import { plan, step } from "../support/build.ts";
import { openStage, type OpenStage } from "./stage.ts";

const TWO = plan(step("fix"), step("next", { needs: ["fix"] }));

type Landed = Readonly<Record<string, { readonly landed: { readonly commit: string } | null }>>;

/** Returns the landings in the ledger: task and commit. */
const landedOf = async (stage: OpenStage): Promise<string[]> => {
  const paths = (await stage.git("ls-tree", "-r", "--name-only", LEDGER_REF, "executions")).split("\n");
  const states = await Promise.all(
    paths.filter((path) => path.endsWith("/state.json")).map((path) => stage.git("show", `${LEDGER_REF}:${path}`)),
  );
  return states
    .map((text) => JSON.parse(text) as { readonly id: string; readonly steps: Landed })
    .flatMap(({ id, steps }) => Object.entries(steps).flatMap(([name, { landed }]) => (landed ? [`${id}-${name} ${landed.commit}`] : [])))
    .sort();
};

test("52 a deleted ledger that no key signs: landed work is recognised, lost work is reported once and can be requested again", async () => {
  let before: readonly string[] = [];
  const plans = [plan(step("first")), TWO, plan(step("rest"))];
  const stage: OpenStage = await openStage({
    app: { ledgerKeys: null },
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plans.shift() ?? TWO };
      if (spec.kind === "verify") return { verdict: "green" };
      const id = spec.step?.id ?? "";
      if (id === "next") {
        before = await landedOf(stage);
        await stage.git("update-ref", "-d", LEDGER_REF);
      }
      return { files: { [`${id}.txt`]: `${id}\n` } };
    },
  });
  const over = await stage.ask("/enki fix the first");
  await stage.approve(over);
  const end = await stage.shows(over, /Done: everything landed/);
  const issue = await stage.ask();
  await stage.approve(issue);

  const shown = await stage.shows(issue, /Cancelled: 1 of 1 step done; landed work stays/);
  expect(shown).toContain("the limit");
  expect(before).toHaveLength(2);
  expect(await landedOf(stage)).toEqual(before);
  await stage.replies(issue, /is lost\. Someone deleted `refs\/enki\/ledger`[^]*\/enki fix <what is left to do>/);

  // Enki repeats none of the earlier requests, in any process.
  await stage.sweep();
  await stage.sweep(await stage.startApp());
  expect(await stage.landed()).toEqual(["first", "fix"]);
  expect(await stage.said(over)).toEqual([end, expect.stringContaining("a plan is ready for your approval")]);
  expect(await stage.said(issue)).toHaveLength(3);

  await stage.maintainer.comment(issue, "/enki status");
  await stage.replies(issue, /landed|done/i);
  await stage.maintainer.comment(issue, "/enki fix the rest");
  const approval = await stage.until(
    "a plan to approve",
    async () => /^\/enki approve \S+$/m.exec((await stage.said(issue, "execution")).at(-1) ?? "")?.[0],
  );
  await stage.maintainer.comment(issue, approval);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["first", "fix", "rest"]);
  const kept = await landedOf(stage);
  expect(kept).toEqual(expect.arrayContaining([...before]));
  expect(kept).toHaveLength(3);

  const options = { url: stage.bare, directory: `${stage.directory}/reader.git`, token: () => Promise.resolve(undefined), identity, after };
  const reader = await openClone(options);
  await reader.fetch();
  const ends = (await replayLedger(reader, replayDecision)).map((write) => write.end);
  expect([ends[0], ...new Set(ends.slice(1))]).toEqual(["rebuilt", "same"]);
});
