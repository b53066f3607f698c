import { expect, onTestFinished, test } from "vitest";
import type { JobSpec } from "../../src/job/job-spec.ts";
import { readMarker } from "../../src/core/messages/comment-marker.ts";
import { plan, step } from "../support/build.ts";
import { openFanOut } from "./crash-webhooks.ts";
import { openStage } from "./stage.ts";
import type { Act } from "./quick-runner.ts";

const PLAN = plan(step("fix"), step("test", { needs: ["fix"] }), step("docs"));
/** Shorter than in the service, because everything runs on one machine. */
const APPS = { graceMs: 500, sweepIntervalMs: 700, firstSweepMs: 300 };

/** Returns the same choices in each run. */
const oneOf = () => {
  let seed = 7;
  return (targets: readonly string[]): readonly string[] => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return targets.slice(seed % 2, (seed % 2) + 1);
  };
};

test.each<[string, ((targets: readonly string[]) => readonly string[]) | undefined]>([
  ["one of them, at random", oneOf()],
  ["both of them", undefined],
])(
  "given two instances of the App, when each webhook reaches %s, then all lands once, and nothing is said or started twice",
  async (_, choose) => {
    const worked: string[] = [];
    const script = (spec: JobSpec): Act => {
      worked.push(spec.job);
      if (spec.kind === "plan") return { plan: PLAN };
      return spec.kind === "verify" ? { verdict: "green" } : { files: { [`${spec.step?.id ?? ""}.txt`]: "done\n" } };
    };
    const stage = await openStage({ webhooks: false, script, app: APPS });
    const fan = await openFanOut(choose);
    onTestFinished(fan.close);
    const other = await stage.startApp();
    for (const { url } of [stage.app, other]) fan.targets.add(url);
    stage.forge.setWebhookUrl(stage.account, fan.url);

    const issue = await stage.ask();
    await stage.maintainer.comment(issue, "/enki stpo");
    await stage.replies(issue, /stpo/);
    await stage.approve(issue);
    await stage.shows(issue, /Done: everything landed/);
    await stage.until("the issue to be closed", async () => !(await stage.maintainer.isOpen(issue)));
    // A sweep of each App would reveal repeated work.
    for (const app of [stage.app, other, stage.app]) await stage.sweep(app);
    await Promise.all([stage.app, other].map(({ service }) => service.waitUntilIdle()));

    expect((await stage.landed()).toSorted()).toEqual(["docs", "fix", "test"]);
    const kinds = (await stage.said(issue)).map((body) => readMarker(body)?.kind ?? "none").toSorted((a, b) => a.localeCompare(b));
    expect(kinds).toEqual(["execution", "notice", "reply"]);
    expect(worked.toSorted()).toEqual([...new Set(worked)].toSorted());
    const { workflow_runs: runs } = (await stage.does("GET", "/actions/runs?per_page=100")) as {
      workflow_runs: { display_title: string }[];
    };
    const titles = runs.map(({ display_title }) => display_title).toSorted();
    expect(titles).toEqual([...new Set(titles)]);
    expect(titles).toHaveLength(worked.length);
    const heads = (await stage.maintainer.pulls()).map(({ head }) => head.ref.replace(/^task\/[0-9a-f]+-/, "")).toSorted();
    expect(heads).toEqual(["docs", "fix", "test"]);
  },
);
