// Extracts from GitHub's published descriptions what the forge serves, for `test/local-github/api/published.ts`:
// the answers of its REST routes and the payloads of its webhooks, as JSON Schema without prose and examples.
// Fetches the descriptions into a temporary directory; run it by hand to take up newer ones: `node scripts/vendor-github-schemas.mjs`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const REST = { name: "@octokit/openapi", version: "23.0.2", file: "generated/api.github.com.json" };
const WEBHOOKS = { name: "@octokit/webhooks-schemas", version: "7.6.1", file: "schema.json" };

const IN_REPOSITORY = [
  "GET ",
  "PATCH ",
  "GET /installation",
  "GET /issues",
  "POST /issues",
  "GET /issues/{issue_number}",
  "PATCH /issues/{issue_number}",
  "GET /issues/events",
  "GET /issues/comments",
  ...["GET", "PATCH", "DELETE"].map((method) => `${method} /issues/comments/{comment_id}`),
  "GET /issues/comments/{comment_id}/reactions",
  "POST /issues/comments/{comment_id}/reactions",
  "DELETE /issues/comments/{comment_id}/reactions/{reaction_id}",
  "GET /issues/{issue_number}/comments",
  "POST /issues/{issue_number}/comments",
  "POST /issues/{issue_number}/reactions",
  "POST /issues/{issue_number}/assignees",
  "DELETE /issues/{issue_number}/assignees",
  "POST /issues/{issue_number}/labels",
  "DELETE /issues/{issue_number}/labels/{name}",
  ...["GET", "DELETE"].map((method) => `${method} /labels/{name}`),
  "GET /pulls",
  "POST /pulls",
  "GET /pulls/{pull_number}",
  "PATCH /pulls/{pull_number}",
  "GET /pulls/{pull_number}/files",
  "GET /pulls/{pull_number}/requested_reviewers",
  "POST /pulls/{pull_number}/requested_reviewers",
  "GET /pulls/{pull_number}/reviews",
  "POST /pulls/{pull_number}/reviews",
  "GET /pulls/{pull_number}/reviews/{review_id}",
  "GET /pulls/{pull_number}/reviews/{review_id}/comments",
  "PUT /pulls/{pull_number}/reviews/{review_id}",
  "PUT /pulls/{pull_number}/reviews/{review_id}/dismissals",
  "POST /pulls/{pull_number}/reviews/{review_id}/events",
  "GET /pulls/comments",
  "GET /pulls/comments/{comment_id}",
  "PATCH /pulls/comments/{comment_id}",
  "DELETE /pulls/comments/{comment_id}",
  "GET /pulls/comments/{comment_id}/reactions",
  "POST /pulls/comments/{comment_id}/reactions",
  "DELETE /pulls/comments/{comment_id}/reactions/{reaction_id}",
  "GET /pulls/{pull_number}/comments",
  "POST /pulls/{pull_number}/comments",
  "POST /pulls/{pull_number}/comments/{comment_id}/replies",
  "PUT /pulls/{pull_number}/merge",
  ...["/actions/permissions", "/actions/permissions/workflow", "/environments/{environment_name}"].flatMap((path) => [
    `GET ${path}`,
    `PUT ${path}`,
  ]),
  ...["/actions", "/environments/{environment_name}"].flatMap((place) => [
    ...["GET ", "POST "].map((method) => `${method}${place}/variables`),
    `GET ${place}/secrets`,
    ...["GET ", "PUT ", "DELETE "].map((method) => `${method}${place}/secrets/{secret_name}`),
    `GET ${place}/secrets/public-key`,
    ...["GET ", "PATCH ", "DELETE "].map((method) => `${method}${place}/variables/{name}`),
  ]),
  "POST /statuses/{sha}",
  "GET /commits/{ref}/statuses",
  "GET /commits/{ref}/status",
  "GET /commits/{ref}/check-runs",
  "GET /commits/{ref}",
  "POST /check-runs",
  "PATCH /check-runs/{check_run_id}",
  "POST /dispatches",
  "GET /actions/workflows",
  "GET /actions/workflows/{workflow_id}",
  "POST /actions/workflows/{workflow_id}/dispatches",
  "GET /actions/workflows/{workflow_id}/runs",
  "GET /actions/runs",
  "GET /actions/runs/{run_id}",
  "POST /actions/runs/{run_id}/cancel",
  "GET /actions/runs/{run_id}/jobs",
  "GET /actions/runs/{run_id}/artifacts",
  "GET /actions/jobs/{job_id}/logs",
  "GET /activity",
  "GET /collaborators/{username}/permission",
  "GET /rules/branches/{branch}",
  "GET /branches",
  "GET /branches/{branch}",
  "GET /contents/{path}",
  "GET /git/ref/{ref}",
  "GET /git/matching-refs/{ref}",
  "POST /git/refs",
  "PATCH /git/refs/{ref}",
  "DELETE /git/refs/{ref}",
];
const ROUTES = [
  ...["", "/installations", "/hook/config", "/hook/deliveries"].map((path) => `GET /app${path}`),
  ...["/app/hook/deliveries/{delivery_id}/attempts", "/app-manifests/{code}/conversions"].map((path) => `POST ${path}`),
  "POST /app/installations/{installation_id}/access_tokens",
  "GET /installation/repositories",
  ...["", "/installations", "/installations/{installation_id}/repositories"].map((path) => `GET /user${path}`),
  "GET /users/{username}",
  ...IN_REPOSITORY.map((route) => route.replace(" ", " /repos/{owner}/{repo}")),
];
const EVENTS = [
  "check_run$completed",
  "check_run$created",
  "create$event",
  "delete$event",
  "issue_comment$created",
  "issue_comment$deleted",
  "issue_comment$edited",
  "issues$assigned",
  "issues$closed",
  "issues$edited",
  "issues$labeled",
  "issues$opened",
  "issues$reopened",
  "issues$unassigned",
  "issues$unlabeled",
  "merge_group$checks_requested",
  "merge_group$destroyed",
  "pull_request$closed",
  "pull_request$converted_to_draft",
  "pull_request$dequeued",
  "pull_request$edited",
  "pull_request$enqueued",
  "pull_request$labeled",
  "pull_request$opened",
  "pull_request$ready_for_review",
  "pull_request$reopened",
  "pull_request$review_requested",
  "pull_request$synchronize",
  "pull_request$unlabeled",
  "pull_request_review$dismissed",
  "pull_request_review$edited",
  "pull_request_review$submitted",
  "pull_request_review_comment$created",
  "pull_request_review_comment$deleted",
  "pull_request_review_comment$edited",
  "pull_request_review_thread$resolved",
  "pull_request_review_thread$unresolved",
  "push$event",
  "repository_dispatch$event",
  "status$event",
  "workflow_job$completed",
  "workflow_job$in_progress",
  "workflow_job$queued",
  "workflow_run$completed",
  "workflow_run$in_progress",
  "workflow_run$requested",
];

const PROSE = new Set([
  "description",
  "example",
  "examples",
  "title",
  "default",
  "deprecated",
  "externalDocs",
  "$schema",
  "tsAdditionalProperties",
]);
const FORMATS = new Set(["date-time", "date", "uri", "uri-template", "int64"]);
const NAMED = new Set(["properties", "definitions", "patternProperties"]);

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** Translates `nullable` of OpenAPI 3.0 to JSON Schema. */
const nullable = ({ nullable: may, ...schema }) => {
  if (may !== true) return schema;
  if (typeof schema.type !== "string") return { anyOf: [schema, { type: "null" }] };
  const values = schema.enum && !schema.enum.includes(null) ? { enum: [...schema.enum, null] } : {};
  return { ...schema, ...values, type: [schema.type, "null"] };
};

/** A schema without titles, descriptions and examples, with its refs below `definitions`. */
const lean = (schema) => {
  if (Array.isArray(schema)) return schema.map(lean);
  if (!isObject(schema)) return schema;
  if (typeof schema.$ref === "string") return { $ref: schema.$ref.replace("#/components/schemas/", "#/definitions/") };
  const kept = Object.entries(schema).filter(
    ([key, value]) => !PROSE.has(key) && !key.startsWith("x-") && !(key === "format" && !FORMATS.has(value)),
  );
  const entries = kept.map(([key, value]) => [
    key,
    NAMED.has(key) ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, lean(inner)])) : lean(value),
  ]);
  return nullable(Object.fromEntries(entries));
};

const refsIn = (value) =>
  Array.isArray(value)
    ? value.flatMap(refsIn)
    : isObject(value)
      ? Object.entries(value).flatMap(([key, inner]) => (key === "$ref" ? [inner.replace("#/definitions/", "")] : refsIn(inner)))
      : [];

/** The definitions to which these values refer, directly or indirectly. */
const closure = (values, definitions) => {
  const found = new Map();
  const queue = values.flatMap(refsIn);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    const schema = lean(definitions[name]);
    found.set(name, schema);
    queue.push(...refsIn(schema));
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
};

const fetchDescription = (directory, { name, version, file }) => {
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--silent", `${name}@${version}`], { cwd: directory, encoding: "utf8" }),
  );
  execFileSync("tar", ["-xzf", filename, `package/${file}`], { cwd: directory });
  return JSON.parse(readFileSync(join(directory, "package", file), "utf8"));
};

/** One definition per line, so that a diff shows the changes of a newer description. */
const write = (file, { from, key, values, definitions }) => {
  const lines = (entries) => Object.entries(entries).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const block = (entries) => `{\n${lines(entries).join(",\n")}\n}`;
  const source = `${from.name} ${from.version}, MIT License, Copyright (c) 2020 Octokit contributors; extracted by scripts/vendor-github-schemas.mjs`;
  const text = `{\n"source":${JSON.stringify(source)},\n"${key}":${block(values)},\n"definitions":${block(definitions)}\n}\n`;
  writeFileSync(file, text);
  console.log(`${file}: ${Math.round(text.length / 1_000)} kB`);
};

const answersOf = (description, route) => {
  const [method, path] = route.split(" ");
  const operation = description.paths[path]?.[method.toLowerCase()];
  if (!operation) throw new Error(`${REST.name} does not describe ${route}`);
  const answers = Object.entries(operation.responses).map(([status, response]) => {
    const whole = response.$ref ? description.components.responses[response.$ref.split("/").at(-1)] : response;
    const schema = whole.content?.["application/json"]?.schema;
    return [status, schema ? lean(schema) : null];
  });
  return Object.fromEntries(answers);
};

const directory = mkdtempSync(join(tmpdir(), "github-schemas-"));
try {
  const rest = fetchDescription(directory, REST);
  const operations = Object.fromEntries(ROUTES.map((route) => [route, answersOf(rest, route)]));
  const everywhere = { $ref: "#/definitions/basic-error" };
  write("test/local-github/api/github/rest.json", {
    from: REST,
    key: "operations",
    values: operations,
    definitions: closure([operations, everywhere], rest.components.schemas),
  });
  const { definitions } = fetchDescription(directory, WEBHOOKS);
  const events = Object.fromEntries(EVENTS.map((name) => [name, { $ref: `#/definitions/${name}` }]));
  write("test/local-github/api/github/webhooks.json", {
    from: WEBHOOKS,
    key: "events",
    values: events,
    definitions: closure([events], definitions),
  });
} finally {
  rmSync(directory, { recursive: true });
}
