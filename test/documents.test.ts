import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { COMMANDS } from "../src/commands/table.ts";
import { readWebhook } from "../src/events/webhook.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** The README's table of commands, from the table that parses them. */
const commandsTable = (): string =>
  [
    "| command | what it does | who |",
    "| --- | --- | --- |",
    ...COMMANDS.map(({ usage, summary, permission }) => `| \`/enki ${usage.replaceAll("|", "\\|")}\` | ${summary} | ${permission} |`),
  ].join("\n");

const RUN = { action: "completed", workflow_run: {} };

const squeeze = (text: string): string => text.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---").trim();

test("the README's commands are those that are parsed", () => {
  const [, shown = ""] = /<!-- commands -->\n([^]*?)<!-- \/commands -->/.exec(read("README.md")) ?? [];
  expect(squeeze(shown)).toBe(squeeze(commandsTable()));
});

test("the README stays short", () => {
  expect(read("README.md").split("\n").length).toBeLessThanOrEqual(150);
  expect(read("AGENTS.md").split("\n").length).toBeLessThanOrEqual(100);
});

test("the App's manifest asks for the events that are read, and no others", () => {
  const { default_events: events } = parse(read("app.yml")) as { default_events: string[] };
  const payload = {
    action: "created",
    issue: { number: 1 },
    comment: { id: 1, user: { login: "a" }, body: "/enki help", created_at: "", updated_at: "" },
  };
  const unread = events.filter((event) => readWebhook(event, event === "issue_comment" ? payload : RUN, "enki[bot]").length === 0);
  expect(unread).toEqual([]);
  for (const event of ["issues", "star", "fork", "create", "delete", "label"]) expect(readWebhook(event, payload, "enki[bot]")).toEqual([]);
});

const workflows = ["enki-step", "ci", "release"] as const;
type Workflow = {
  permissions: unknown;
  jobs: Record<string, { permissions: Record<string, string>; "timeout-minutes": number; steps: { uses?: string }[] }>;
};

test.each(workflows)("%s.yml begins without rights, limits its jobs, and pins what it uses", (name) => {
  const { permissions, jobs } = parse(read(`.github/workflows/${name}.yml`)) as Workflow;
  expect(permissions).toEqual({});
  for (const job of Object.values(jobs)) {
    expect(job["timeout-minutes"]).toBeGreaterThan(0);
    expect(job.permissions).toBeDefined();
    for (const { uses } of job.steps) if (uses !== undefined) expect(uses).toMatch(/@[0-9a-f]{40}$|^OWNER\/enki@v\d/);
  }
});

test("of Enki's jobs only publish may write, and only steps that need it have the token", () => {
  type Steps = { jobs: Record<string, { permissions: Record<string, string>; steps: { with?: Record<string, string> }[] }> };
  const { jobs } = parse(read(".github/workflows/enki-step.yml")) as Steps;
  expect(Object.fromEntries(Object.entries(jobs).map(([id, { permissions }]) => [id, permissions]))).toEqual({
    agent: { contents: "read" },
    verify: { contents: "read" },
    publish: { contents: "write" },
  });
  const holders = Object.values(jobs).flatMap(({ steps }) =>
    steps.filter((step) => step.with?.["token"] !== undefined).map((step) => step.with?.["command"]),
  );
  expect(holders).toEqual(["prepare", "prepare", "publish"]);
});

test("action.yml names every input that the action reads, and no other", () => {
  const { inputs } = parse(read("action.yml")) as { inputs: Record<string, unknown> };
  const used = [...read("src/jobs/run-step.ts").matchAll(/input\("([a-z-]+)"\)/g)].map(([, name]) => name ?? "");
  expect(Object.keys(inputs).sort()).toEqual([...new Set(used)].sort());
});
