import { join } from "node:path";
import { expect, test } from "vitest";
import { connectRepository } from "../../src/coordinator/connect-repository.ts";
import { coordinateOnce } from "../../src/coordinator/coordinate-once.ts";
import { openOctokit } from "../../src/github/open-octokit.ts";
import type { Act } from "../stories/quick-runner.ts";
import { openStage } from "../stories/stage.ts";
import { after } from "../support/after.ts";
import { plan, step } from "../support/build.ts";

/** Opens a repository coordinated only by single runs, each with an empty disk and without memory. */
const open = async (script: (attempt: number, kind: string) => Act) => {
  const stage = await openStage({
    webhooks: false,
    isRemote: false,
    script: (spec) => script(Number(spec.job.split("/").at(-1)), spec.kind),
  });
  const token = stage.forge.createInstallationToken(stage.account, stage.owner);
  let runs = 0;
  const coordinate = async (patienceMs = 5_000): Promise<number | null> => {
    const ports = await connectRepository(
      {
        botLogin: "enki[bot]",
        serverUrl: stage.forge.url,
        root: new URL("../..", import.meta.url).pathname,
        directory: join(stage.directory, `once-${(runs += 1)}`),
        timers: { now: stage.now, after },
        random: () => 0.5,
        nonce: () => `n${runs}`,
        log: (line) => void stage.log.push(line),
        ledgerKeys: null,
        graceMs: 1_000,
        keepOutcomesMs: 0,
        endsWhenIdle: true,
      },
      {
        repository: `${stage.owner}/${stage.name}`,
        access: { octokit: openOctokit(token, stage.forge.apiUrl), token: () => Promise.resolve(token) },
      },
    );
    return coordinateOnce(ports, { events: [{ kind: "woken" }], sleep: (delay) => Promise.resolve(stage.later(delay)), patienceMs });
  };
  return { ...stage, coordinate };
};

test("a lost job is found at its deadline by a run that remembers nothing, and is retried", async () => {
  const lost: string[] = [];
  const stage = await open((attempt, kind) => {
    if (kind === "plan") return { plan: plan(step("raise")) };
    if (kind === "verify") return { verdict: "green" };
    if (attempt > 1) return { files: { "limit.txt": "2\n" } };
    lost.push(kind);
    return "dies";
  });
  const issue = await stage.ask();
  const next = stage.coordinate;
  await next();
  await stage.until("a plan", async () => (await next(), /^\/enki approve/m.test((await stage.said(issue)).join("\n"))));
  await stage.approve(issue);
  const deadline = await next();
  await stage.until("the job that is lost", () => Promise.resolve(lost.length > 0));
  expect(deadline).toBeGreaterThan(stage.now() + 15 * 60_000);
  // Before the deadline, no run can know of the failure; after the deadline, the first run does.
  expect(await next()).toBe(deadline);
  stage.later((deadline ?? 0) - stage.now() + 1);
  await stage.until("the landing", async () => (await next(), (await stage.landed()).length > 0));
  expect(await stage.landed()).toEqual(["raise"]);
}, 120_000);
