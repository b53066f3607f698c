import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import type { WebhookDelivery, ObservedRequest } from "../../../src/local-github/api/forge-state.ts";

/**
 * GitHub's published descriptions of its answers and webhooks, as far as the forge serves them: see
 * `scripts/vendor-github-schemas.mjs`.
 */
type Schema = Readonly<Record<string, unknown>>;
type Definitions = Readonly<Record<string, Schema>>;
type Rest = { readonly operations: Readonly<Record<string, Readonly<Record<string, Schema | null>>>>; readonly definitions: Definitions };
type Webhooks = { readonly events: Readonly<Record<string, Schema>>; readonly definitions: Definitions };

/** GitHub documents this conclusion of a run, but its webhook schemas lack it. */
const UNKNOWN = "startup_failure";
const amend = (_: string, value: unknown): unknown => (Array.isArray(value) && value.includes("stale") ? [...value, UNKNOWN] : value);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(`github/${name}.json`, import.meta.url), "utf8"), amend);
const described = read("rest") as Rest;
/** The schema describes a list whose items must be a user and an enterprise at the same time. */
const INSTALLATIONS = { "GET /app/installations": { 200: { type: "array", items: { $ref: "#/definitions/installation" } } } };
/** GitHub answers 409 for a variable that exists, which `gh variable set` relies on and the description lacks. */
const VARIABLES = Object.fromEntries(
  ["/actions/variables", "/environments/{environment_name}/variables"].map((path) => {
    const route = `POST /repos/{owner}/{repo}${path}`;
    return [route, { ...described.operations[route], 409: { $ref: "#/definitions/basic-error" } }];
  }),
);
/** The description adds the keys to an App that, by itself, has no other fields. */
const CONVERSION = "POST /app-manifests/{code}/conversions";
const integration = described.definitions["integration"] as { required: readonly string[]; properties: Schema };
const keysOfApp = (described.operations[CONVERSION]?.["201"]?.["allOf"] as readonly (typeof integration)[] | undefined)?.[1] ?? integration;
const CONVERSIONS = {
  [CONVERSION]: {
    ...described.operations[CONVERSION],
    201: {
      type: "object",
      required: [...integration.required, ...keysOfApp.required],
      properties: { ...integration.properties, ...keysOfApp.properties },
    },
  },
};
/**
 * GitHub answers null for the line of an outdated comment. Its webhook schemas allow null, its answer schemas do not.
 */
const NULLABLE = { type: ["integer", "null"] };
const withNulls = (definition: Schema | undefined): Schema => ({
  ...definition,
  properties: { ...(definition?.["properties"] as object), line: NULLABLE, position: NULLABLE },
});
const LINES = Object.fromEntries(
  ["pull-request-review-comment", "review-comment"].map((name) => [name, withNulls(described.definitions[name])]),
);
const rest: Rest = {
  operations: { ...described.operations, ...INSTALLATIONS, ...VARIABLES, ...CONVERSIONS },
  definitions: { ...described.definitions, ...LINES },
};
const webhooks = read("webhooks") as Webhooks;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Closes the objects of a schema, because the forge must not report additional fields. Parts of an `allOf` stay open,
 * because they do not know each other.
 */
const closed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(closed);
  if (!isRecord(value)) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, part]) => [key, key === "allOf" ? part : closed(part)]));
  return isRecord(value["properties"]) && value["additionalProperties"] === undefined ? { ...inner, additionalProperties: false } : inner;
};

/** The schemas describe rules as a type together with its source. GitHub's errors contain more than their schemas. */
const OPEN = /^(?:repository-rule-|basic-error|validation-error)/;
const closedAll = (definitions: Definitions): unknown =>
  Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, OPEN.test(name) ? schema : closed(schema)]));

const validators = (key: string, definitions: Definitions) => {
  // Each test file compiles its own validators, which takes longer than their few values do: every definition once, and without optimizing.
  const ajv = new Ajv({ strict: false, allErrors: true, inlineRefs: false, code: { optimize: false } });
  formats.default(ajv);
  ajv.addSchema({ $id: key, definitions: closedAll(definitions) });
  const known = new Map<string, ValidateFunction>();
  return (schema: Schema): ValidateFunction => {
    const text = JSON.stringify(schema).replaceAll('"#/definitions/', `"${key}#/definitions/`);
    const validate = known.get(text) ?? ajv.compile(JSON.parse(text) as Schema);
    known.set(text, validate);
    return validate;
  };
};

const answerValidator = validators("rest", rest.definitions);
const webhookValidator = validators("webhooks", webhooks.definitions);

const faultsOf = (validate: ValidateFunction, value: unknown): string[] =>
  validate(value)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`);

/** Every route of the forge, in GitHub's notation. */
export const ROUTES: readonly string[] = Object.keys(rest.operations);

/** Route parameters whose values contain slashes. */
const DEEP = new Set(["ref", "branch"]);
const patternOf = (path: string): RegExp => {
  const source = path.replace("/{path}", "(?:/.*)?").replaceAll(/\{(\w+)\}/g, (_, name: string) => (DEEP.has(name) ? ".+" : "[^/]+"));
  return new RegExp(`^${source}$`);
};
const literals = (path: string): number => path.replaceAll(/\{\w+\}/g, "").length;
const OPERATIONS = Object.keys(rest.operations)
  .map((route) => ({ route, method: route.split(" ")[0], path: route.split(" ")[1] ?? "" }))
  .sort((a, b) => literals(b.path) - literals(a.path))
  .map((operation) => ({ ...operation, pattern: patternOf(operation.path) }));

/** The published route of a request, `GET /repos/{owner}/{repo}/…`; null if GitHub describes none. */
const routeOf = (method: string, path: string): string | null =>
  OPERATIONS.find((operation) => operation.method === method && operation.pattern.test(path))?.route ?? null;

export type Answer = { readonly method: string; readonly path: string; readonly status: number; readonly body: string };

/** Answers that GitHub gives everywhere but describes only for some routes. */
const EVERYWHERE = new Set([400, 401, 403, 404, 422, 502]);
const ERROR: Schema = {
  anyOf: ["basic-error", "validation-error", "validation-error-simple"].map((name) => ({ $ref: `#/definitions/${name}` })),
};
const FIRST_ERROR = 400;
const API = "/api/v3";

const isEmpty = (body: string): boolean => body === "" || body === "{}";

/** Finds deviations of an API answer from GitHub's description. */
export const faultsOfAnswer = ({ method, path, status, body }: Answer): string[] => {
  const at = `${method} ${path} ${status}`;
  const route = routeOf(method, path);
  const answer = route === null ? undefined : rest.operations[route]?.[status];
  if (status >= FIRST_ERROR) {
    if (answer === undefined && !EVERYWHERE.has(status)) return [`${at}: not described by GitHub`];
    return faultsOf(answerValidator(answer ?? ERROR), JSON.parse(body)).map((fault) => `${at}: ${fault}`);
  }
  if (status === 304 || answer === null) return isEmpty(body) ? [] : [`${at}: a body where there is none`];
  if (answer === undefined) return [`${at}: not described by GitHub`];
  return faultsOf(answerValidator(closed(answer) as Schema), JSON.parse(body)).map((fault) => `${at}: ${fault}`);
};

/** Finds deviations of a webhook from the published schemas. */
export const faultsOfWebhook = (event: string, payload: Readonly<Record<string, unknown>>): string[] => {
  const action = payload["action"];
  const name = [`${event}$${typeof action === "string" ? action : ""}`, `${event}$event`].find((known) => known in webhooks.events);
  const schema = name === undefined ? undefined : webhooks.events[name];
  if (!schema) return [`${event} ${String(action)}: not described by GitHub`];
  return faultsOf(webhookValidator(schema), payload).map((fault) => `${name}: ${fault}`);
};

/** Observes the answers and webhooks of a forge and lists the deviations from GitHub. */
export const openWitness = () => {
  const heard: Promise<Answer>[] = [];
  return {
    observe: ({ method, path, status, body }: ObservedRequest): void => {
      if (!path.startsWith(API)) return;
      heard.push(body().then((text) => ({ method, path: path.slice(API.length), status, body: text })));
    },
    faults: async (deliveries: readonly WebhookDelivery[]): Promise<string[]> => {
      const answers = (await Promise.all(heard)).flatMap(faultsOfAnswer);
      return [...new Set([...answers, ...deliveries.flatMap(({ event, payload }) => faultsOfWebhook(event, payload))])];
    },
    routes: async (): Promise<ReadonlySet<string>> =>
      new Set(
        (await Promise.all(heard)).flatMap(({ method, path, status }) => (status < FIRST_ERROR ? (routeOf(method, path) ?? []) : [])),
      ),
  };
};
