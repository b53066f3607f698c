import { readFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFailed, onTestFinished } from "vitest";
import type { RunRequest } from "../../src/local-github/actions/workflow-runner.ts";
import { type ActionsStageOptions, openActionsStage } from "../stories/actions-stage.ts";
import { createActRunner } from "./act-runner.ts";
import { installAct, installArtifactClient } from "./install-act.ts";
import { writeActions } from "./stand-ins.ts";

const STEP_FILE = new URL("../../.github/workflows/enki-step.yml", import.meta.url);
const PATIENCE_MS = 600_000;

/** Returns the reason for a missing act or artifact client; null if both are installed. */
export const findMissing = (): string | null => installAct().reason ?? installArtifactClient().reason;

export type ActStageOptions = Omit<ActionsStageOptions, "runner"> & {
  /** Whether act executes a run; otherwise the local runner does. */
  readonly byAct: (file: string) => boolean;
};

/** Opens the stage without a server, where act executes runs. `seen` records act's jobs, one line each, and every complaint. */
export const openActStage = async ({ byAct, ...options }: ActStageOptions) => {
  const seen = { jobs: [] as string[], complaints: [] as string[] };
  const toFile = ({ workflow }: RunRequest): string => workflow.path.replace(".github/workflows/", "");
  const stage = await openActionsStage({
    patience: PATIENCE_MS,
    ...options,
    runner: ({ directory, installation, local }) => {
      const client = installArtifactClient().path ?? "";
      const actions = writeActions(join(installation, "../actions"), {
        enki: installation,
        client,
        shipped: readFileSync(STEP_FILE, "utf8"),
      });
      const act = createActRunner({
        command: installAct().path ?? "",
        directory,
        actionRoot: installation,
        actions,
        atOnce: 4,
        onLine: (request, { level, msg, jobID, jobResult }) => {
          if (jobResult !== undefined) seen.jobs.push(`${toFile(request)} ${jobID}: ${jobResult}`);
          if (level === "error" || msg.includes("not matched")) seen.complaints.push(`${toFile(request)} ${jobID ?? ""}: ${msg.trim()}`);
        },
      });
      return {
        start: (request, observer) => (byAct(toFile(request)) ? act : local).start(request, observer),
        cancel: (run) => {
          act.cancel(run);
          local.cancel(run);
        },
        close: () => act.close(),
      };
    },
  });
  onTestFailed(() => console.log(seen.complaints.map((complaint) => `act: ${complaint}`).join("\n")));
  onTestFinished(() => {
    const counts = new Map<string, number>();
    for (const job of seen.jobs) counts.set(job, (counts.get(job) ?? 0) + 1);
    console.log([...counts].map(([job, count]) => `act: ${count} × ${job}`).join("\n"));
  });
  return { ...stage, seen };
};
