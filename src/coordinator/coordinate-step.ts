import { join } from "node:path";
import { z } from "zod";
import { includesPermission } from "../core/domain/github-facts.ts";
import type { ReactionTarget } from "../core/domain/effect.ts";
import type { CoordinateStepName } from "../core/domain/coordinate-step-name.ts";
import { judgeWake } from "../core/events/judge-wake.ts";
import { readWebhook } from "../core/events/read-webhook.ts";
import type { GitHubPorts } from "../github/github-ports.ts";
import { deriveLedgerKeys, type LedgerKeys, readLedgerKeys } from "../storage/ledger/ledger-keys.ts";
import { connectRepository } from "./connect-repository.ts";
import { coordinateOnce } from "./coordinate-once.ts";
import { runFixCiStep } from "./fix-ci-step.ts";
import { runRequestStep } from "./request-step.ts";
import { type CoordinateStepHost, openStepAccess, readStepEvent, sleepFor } from "./step-access.ts";
import { MINUTE_MS, SECOND_MS } from "../core/domain/durations.ts";
import { requireVariable } from "../core/domain/require-variable.ts";

/** Another job could coordinate at the same time, or could have been killed. In milliseconds. */
const STEP_GRACE_MS = 15_000;
/** Waiting for near moments is cheaper than another job. In milliseconds. */
const PATIENCE_MS = 15_000;
/** Later moments are left to the schedule, because waiting jobs are billed. In milliseconds. */
const MAX_CLOCK_MS = 15 * MINUTE_MS;
/** GitHub's smallest machine ends each job after 15 minutes; the next clock waits for the rest. In milliseconds. */
const MAX_WAIT_MS = 12 * MINUTE_MS;

/** Decides whether a job coordinates for an event. */
const runGateStep = async (host: CoordinateStepHost): Promise<null> => {
  const { name, payload } = await readStepEvent(host);
  const { self, github } = await openStepAccess(host);
  const verdict = judgeWake(readWebhook(name, payload, self));
  const asked = verdict.kind === "depends" ? verdict : null;
  // If GitHub does not answer, the coordinator checks the permission itself.
  const permission = asked && (await github.people.permission(asked.author));
  const wanted = asked && permission?.ok ? includesPermission(permission.value, asked.needed) : verdict.kind !== "ignored";
  host.setOutput("wanted", String(wanted));
  host.logInfo(wanted ? "a job coordinates now" : "no job is needed now; the next job reads what was written");
  if (asked?.reaction && permission?.ok && includesPermission(permission.value, asked.reaction.needed))
    await reactEarly(host, github, asked.reaction.on);
  return null;
};

/** Shows the author at once that Enki reads the command. The coordinator repeats the reaction, which has no further effect. */
const reactEarly = async ({ logInfo }: CoordinateStepHost, github: GitHubPorts, on: ReactionTarget): Promise<void> => {
  const reply = await github.issues.react(on, "eyes");
  if (!reply.ok) logInfo(`the reaction is left to the next job: ${reply.failure.reason}`);
};

/** Coordinates the repository once, and outputs the seconds until the next job must run, if few. */
const runCoordinateStep = async (host: CoordinateStepHost): Promise<null> => {
  const { name, payload } = await readStepEvent(host);
  const { self, access, privateKey } = await openStepAccess(host);
  const ports = await connectRepository(
    {
      botLogin: self,
      serverUrl: requireVariable(host, "GITHUB_SERVER_URL"),
      root: host.root,
      directory: join(requireVariable(host, "RUNNER_TEMP"), "enki-coordinate"),
      timers: { now: host.now, after: host.after },
      random: host.random,
      nonce: host.nonce,
      log: host.logInfo,
      ledgerKeys: readStepKeys(host, privateKey),
      graceMs: STEP_GRACE_MS,
      keepOutcomesMs: 0,
      endsWhenIdle: true,
      readVariable: (name) => host.env[name],
      telemetry: host.telemetry,
    },
    { repository: requireVariable(host, "GITHUB_REPOSITORY"), access },
  );
  const wakeAt = await coordinateOnce(ports, {
    events: readWebhook(name, payload, self),
    sleep: sleepFor(host),
    patienceMs: PATIENCE_MS,
  });
  const delay = wakeAt === null ? Infinity : Math.max(0, wakeAt - host.now());
  host.setOutput("wake-in", delay <= MAX_CLOCK_MS ? String(Math.ceil(delay / SECOND_MS)) : "");
  host.logInfo(`nothing to do ${wakeAt === null ? "until something happens" : `until ${new Date(wakeAt).toISOString()} at the latest`}`);
  return null;
};

/** After this many failures in a row, the schedule starts the next job. */
const MAX_FAILURES = 5;

const dispatchSchema = z.object({ client_payload: z.object({ failures: z.int().min(0).max(MAX_FAILURES) }) });

/** Waits, and then starts the next job. The pause doubles with each failure in a row. */
const runClockStep = async (host: CoordinateStepHost): Promise<string | null> => {
  const { payload } = await readStepEvent(host);
  const { github } = await openStepAccess(host);
  const before = dispatchSchema.safeParse(payload);
  const failures = host.readInput("job-result") === "success" ? 0 : 1 + (before.success ? before.data.client_payload.failures : 0);
  if (failures > MAX_FAILURES) return "the coordinator failed several times in a row; the schedule tries again";
  const seconds = Number(host.readInput("wait")) * 2 ** Math.max(0, failures - 1);
  await sleepFor(host)(Math.min(MAX_WAIT_MS, (Number.isFinite(seconds) ? seconds : 0) * SECOND_MS));
  const woken = await github.runs.wake({ failures });
  return woken.ok ? null : `the coordinator was not started: ${woken.failure.reason}`;
};

/** The ledger's keys: those of the repository, otherwise derived from the App's private key, otherwise none. */
const readStepKeys = (host: CoordinateStepHost, privateKey: string | null): LedgerKeys | null => {
  const text = host.readInput("ledger-key");
  if (text.trim() === "") return privateKey === null ? null : deriveLedgerKeys(privateKey);
  const keys = readLedgerKeys(text);
  if (!keys.ok) throw new Error(`${keys.refusal.message} To create one: ${keys.refusal.next}`);
  return keys.value;
};

/** The steps by the action's command; each returns why it failed, or null. */
export const COORDINATE_STEPS: Readonly<Record<CoordinateStepName, (host: CoordinateStepHost) => Promise<string | null>>> = {
  gate: runGateStep,
  coordinate: runCoordinateStep,
  clock: runClockStep,
  run: runRequestStep,
  "fix-ci": runFixCiStep,
};
