import { toResultArtifactName } from "../src/core/domain/job.ts";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fromMarkdown } from "mdast-util-from-markdown";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { readConfig } from "../src/core/config/read-config.ts";
import { readWebhook } from "../src/core/events/read-webhook.ts";
import { renderRefusalReply } from "../src/core/messages/command-replies.ts";
import { IN_QUEUE_REFUSAL } from "../src/core/messages/refusals/queues.ts";
import { ACTION_REFERENCE } from "../src/core/domain/product.ts";
import { BUILT_IN_NAMES, COMMON_FIELDS } from "../src/core/workflow/check-references.ts";
import { readWorkflow } from "../src/core/workflow/read-workflow.ts";
import { TABLES } from "./support/document-tables.ts";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

const RUN = { action: "completed", workflow_run: {} };

const squeeze = (text: string): string => text.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---").trim();

/** `npm run tables` writes the tables into the documents. */
const writeTable = (file: string, mark: string, table: string): void => {
  const between = new RegExp(`<!-- ${mark} -->\n[^]*?<!-- /${mark} -->`);
  writeFileSync(
    new URL(`../${file}`, import.meta.url),
    read(file).replace(between, () => `<!-- ${mark} -->\n\n${table}\n\n<!-- /${mark} -->`),
  );
};

test.each(TABLES)("%s: the table of %s is the code's", (file, mark, table) => {
  if (process.env["ENKI_WRITE_TABLES"] === "1") writeTable(file, mark, table());
  const [, shown = ""] = new RegExp(`<!-- ${mark} -->\n([^]*?)<!-- /${mark} -->`).exec(read(file)) ?? [];
  expect(squeeze(shown)).toBe(squeeze(table()));
});

const inside = (text: string, fence: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${fence}\n([^]*?)^\`\`\`$`, "gm"))].map(([, body = ""]) => body);

test("the code of a refused command links to its paragraph, and every paragraph can be linked to", () => {
  const [, path = "", anchor] = /\/blob\/v[^/]+\/(.+?)#([^)]+)\)/.exec(renderRefusalReply(IN_QUEUE_REFUSAL)) ?? [];
  const headings = [...read(path).matchAll(/^## `(.+)`$/gm)].map(([, code]) => code);
  expect(headings).toContain(anchor);
  // GitHub's anchor equals the text of a heading only if the text consists of lower-case letters, digits and dashes.
  expect(headings.filter((code) => !/^[a-z0-9-]+$/.test(code ?? ""))).toEqual([]);
});

test("docs/writing-roles.md starts with a valid role", () => {
  const [text = ""] = inside(read("docs/writing-roles.md"), "toml");
  expect(readConfig([{ path: ".enki/roles/security_auditor.toml", text }])).toMatchObject({
    faults: [],
    config: { roles: { security_auditor: { canEdit: false, output: "artifact" } } },
  });
});

test("docs/writing-workflows.md: its examples are valid, and it names every readable value", () => {
  const document = read("docs/writing-workflows.md");
  const workflow = (text: string) =>
    readWorkflow({ name: "w", path: "w.md", text, roles: ["feature_developer", "documenter"], models: null, workflows: null });
  const [careful = ""] = inside(document, "markdown");
  expect(workflow(careful)).toMatchObject({ ok: true });
  const [list = ""] = inside(document, "yaml");
  expect(workflow(`---\n${list}---\n\n## planner\n\nPlan.\n\n## worker\n\n{{ .Item }}\n`)).toMatchObject({ ok: true });
  for (const name of BUILT_IN_NAMES) expect(document).toContain(`\`.${name}\``);
  for (const name of COMMON_FIELDS) expect(document).toContain(`\`.planner.${name}\``);
  const [, edges = ""] = /## Edges\n([^]*?)\n## /.exec(document) ?? [];
  const shown = [...edges.matchAll(/^\| `([ab] -> [^`]*)`/gm)].map(([, edge = ""]) => edge);
  expect(shown).toHaveLength(5);
  const roles = "roles:\n  a: { fields: [verdict], run: make }\n  b: { run: make }\n  c: { run: make }";
  for (const edge of shown) {
    const more = edge.includes("until") ? ["a -> b"] : edge.endsWith("else") ? ["a -> c if '{{ eq .a.verdict \"x\" }}'"] : ["a -> c"];
    const lines = [edge, ...more, ...(edge.includes("until") ? ["b -> c"] : [])].map((line) => `  - ${JSON.stringify(line)}`);
    expect(workflow(`---\n${roles}\nedges:\n${lines.join("\n")}\n---\n`)).toMatchObject({ ok: true });
  }
});

test("the README leads to every document", () => {
  for (const file of readdirSync(new URL("../docs", import.meta.url))) expect(read("README.md")).toContain(`](docs/${file})`);
});

const DOCUMENTS = ["README.md", "AGENTS.md", "CONTRIBUTING.md", "SECURITY.md"].concat(
  readdirSync(new URL("../docs", import.meta.url), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`)
    .toSorted(),
);

/** Returns GitHub's anchor of a heading. */
const toAnchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

const anchorsOf = (document: string): string[] => {
  const seen = new Map<string, number>();
  return [
    ...read(document)
      .replaceAll(/^```[^]*?^```$/gm, "")
      .matchAll(/^#+ (.+)$/gm),
  ].map(([, heading = ""]) => {
    const anchor = toAnchor(heading);
    const times = seen.get(anchor) ?? 0;
    seen.set(anchor, times + 1);
    return times === 0 ? anchor : `${anchor}-${times}`;
  });
};

test.each(DOCUMENTS)("%s: each link to a file leads to a file, and each link to a heading to a heading", (document) => {
  const here = new URL(`../${document}`, import.meta.url);
  const links = [...read(document).matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(?:#([^)\s]*))?\)/g)];
  const dead = links.filter(([, path = "", anchor]) => {
    const target = path === "" ? here : new URL(path, here);
    if (!existsSync(target)) return true;
    const name = target.pathname.slice(new URL("../", import.meta.url).pathname.length);
    return anchor !== undefined && name.endsWith(".md") && !anchorsOf(name).includes(anchor);
  });
  expect(dead.map(([link]) => link)).toEqual([]);
});

type MarkdownNode = { readonly type: string; readonly value?: string; readonly children?: readonly MarkdownNode[] };

test.each(DOCUMENTS)("%s has no text that GitHub and the documents' site take for an element", (document) => {
  const listHtml = (node: MarkdownNode): string[] => (node.type === "html" ? [node.value ?? ""] : (node.children ?? []).flatMap(listHtml));
  const elements = listHtml(fromMarkdown(read(document))).filter((html) => !html.startsWith("<!--"));
  expect(elements.filter((html) => !/^<\/?(?:br|details|img|p|picture|source|sub|sup|summary)\b/.test(html))).toEqual([]);
});

test("every term of the glossary names a declaration that its file holds", () => {
  const rows = [...read("docs/glossary.md").matchAll(/^\| ([^|]+?) +\| [^|]+\| `([\w$]+)[^`]*` in `([^`]+)` /gm)];
  expect(rows.length).toBeGreaterThan(100);
  const lost = rows.filter(
    ([, , name = "", file = ""]) =>
      !new RegExp(`^(export )?(async )?(const|function\\*?|type|interface|class) ${name}\\b`, "m").test(read(file)),
  );
  expect(lost.map(([, term, name, file]) => `${term}: ${name} in ${file}`)).toEqual([]);
});

test("the glossary defines each term once", () => {
  const [, ...tables] = read("docs/glossary.md").split(/^\| term .*\n/m);
  const terms = tables.flatMap((table) => [...table.matchAll(/^\| ([\w][^|]*?) +\|/gm)].map(([, term = ""]) => term));
  expect(terms.length).toBeGreaterThan(150);
  expect(terms.filter((term, at) => terms.indexOf(term) !== at)).toEqual([]);
});
test.each(["AGENTS.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md"])("%s names only files that exist", (document) => {
  const paths = [...read(document).matchAll(/`((?:src|test|scripts|docs)\/[\w./-]+)`/g)].map(([, path = ""]) => path);
  expect(paths.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([]);
});

test("docs/security.md: each claim names a test, and the test exists", () => {
  const [, claims = ""] = /<!-- claims -->([^]*?)<!-- \/claims -->/.exec(read("docs/security.md")) ?? [];
  const rows = [...claims.matchAll(/^\| (?!claim \||--- \|)(.+?) \| (.+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(20);
  const untested = rows.flatMap(([, claim = "", cell = ""]) => {
    const tests = cell.split("<br>").map((each) => /^\[`(test\/[\w./-]+\.test\.ts)`\]\(\.\.\/\1\): "(.+)"$/.exec(each));
    return tests.every((each) => each && read(each[1] ?? "").includes(`"${each[2] ?? ""}"`)) ? [] : [claim];
  });
  expect(untested).toEqual([]);
});

test("the README stays short", () => {
  expect(read("README.md").split("\n").length).toBeLessThanOrEqual(150);
  expect(read("AGENTS.md").split("\n").length).toBeLessThanOrEqual(100);
});

test("the App's manifest requests exactly the events that Enki reads", () => {
  const { default_events: events } = parse(read("app.yml")) as { default_events: string[] };
  const at = "2026-01-01T00:00:00Z";
  const payload = {
    action: "created",
    issue: { number: 1 },
    pull_request: { number: 1 },
    comment: { id: 1, user: { login: "a" }, body: "/enki help", created_at: at, updated_at: at },
  };
  const opened = {
    action: "opened",
    issue: { number: 1, user: { login: "a" }, body: "/enki help", created_at: at },
    sender: { login: "a" },
  };
  const PAYLOADS: Readonly<Record<string, unknown>> = {
    issue_comment: payload,
    pull_request_review_comment: payload,
    issues: opened,
  };
  const unread = events.filter((event) => readWebhook(event, PAYLOADS[event] ?? RUN, "enki[bot]").length === 0);
  expect(unread).toEqual([]);
  for (const event of ["star", "fork", "create", "delete", "label"]) expect(readWebhook(event, payload, "enki[bot]")).toEqual([]);
});

const workflows = ["enki-step", "ci", "release"] as const;
type Workflow = {
  permissions: unknown;
  jobs: Record<string, { permissions: Record<string, string>; "timeout-minutes": number; steps: { uses?: string }[] }>;
};

test.each(workflows)("%s.yml starts without rights, limits its jobs, and pins its actions", (name) => {
  const { permissions, jobs } = parse(read(`.github/workflows/${name}.yml`)) as Workflow;
  expect(permissions).toEqual({});
  for (const job of Object.values(jobs)) {
    expect(job["timeout-minutes"]).toBeGreaterThan(0);
    expect(job.permissions).toBeDefined();
    for (const { uses = ACTION_REFERENCE } of job.steps) if (uses !== ACTION_REFERENCE) expect(uses).toMatch(/@[0-9a-f]{40}$/);
  }
});

test("only the publish job may write, and only steps that need the token receive it", () => {
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
  expect(holders).toEqual(["prepare", "prepare", "publish", "deliver"]);
});

test("the run uploads an artifact that names the result before it delivers the result, and neither without a result", () => {
  type Step = { id?: string; if?: string; uses: string; with: Record<string, string> };
  const { jobs } = parse(read(".github/workflows/enki-step.yml")) as { jobs: { publish: { steps: Step[] } } };
  const [publish, upload, deliver, ...more] = jobs.publish.steps.slice(1);
  expect(more).toEqual([]);
  expect([publish?.id, publish?.with["command"], deliver?.with["command"]]).toEqual(["publish", "publish", "deliver"]);
  expect(upload?.uses).toMatch(/^actions\/upload-artifact@/);
  expect(upload?.with["name"]).toBe(toResultArtifactName("${{ steps.publish.outputs.commit }}"));
  expect(upload?.with["if-no-files-found"]).toBe("error");
  expect([upload?.if, deliver?.if]).toEqual(["steps.publish.outputs.commit != ''", "steps.publish.outputs.commit != ''"]);
});

test("action.yml names every input that the action reads, and no other", () => {
  const { inputs } = parse(read("action.yml")) as { inputs: Record<string, unknown> };
  const readers = [
    "job/run-job-step",
    "job/foreign-steps",
    "coordinator/coordinate-step",
    "coordinator/step-access",
    "coordinator/request-step",
  ]
    .map((name) => read(`src/${name}.ts`))
    .join("");
  const used = [...readers.matchAll(/readInput\("([a-z-]+)"\)/g)].map(([, name]) => name ?? "");
  expect(Object.keys(inputs).sort()).toEqual([...new Set(used)].sort());
});
