import * as z from "zod";
import type { ZodType } from "zod";
import type { Http } from "./http.ts";
import type { Requester } from "./octokit.ts";
import type { Reply } from "./ports.ts";

export type GraphQl = {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What is not found is null in the answer, and no reason to refuse the rest. */
  readonly partial?: boolean;
};

const faults = z.array(z.looseObject({ message: z.string(), type: z.string().optional() })).min(1);
const answered = z.object({ data: z.unknown().optional(), errors: faults.optional() });

/** https://docs.github.com/graphql: beside the REST API of an enterprise server, and at the same host on github.com. */
export const graphqlRoute = (octokit: Requester): string => {
  const base: unknown = octokit.request.endpoint?.DEFAULTS?.baseUrl;
  const enterprise = typeof base === "string" ? /^(.*\/api)\/v3\/?$/.exec(base) : null;
  return `POST ${enterprise ? enterprise[1] : ""}/graphql`;
};

/** GitHub's words where an answer says that a limit is met; null for any other answer. */
export const limitIn = (data: unknown): string | null => {
  const read = answered.safeParse(data);
  const limit = read.success ? read.data.errors?.find(({ type, message }) => type === "RATE_LIMITED" || /rate limit/i.test(message)) : null;
  return limit ? `Rate limit: ${limit.message}` : null;
};

const CODES: Readonly<Record<string, string>> = { NOT_FOUND: "not-found", FORBIDDEN: "not-allowed", UNPROCESSABLE: "invalid" };

/** Asks GitHub's other API. What it refuses comes as an answer with errors: a refusal with its words. */
export const askGraphQl = async <T>(http: Http, request: GraphQl, schema: ZodType<T>): Promise<Reply<T>> => {
  const reply = await http.query(request, answered);
  if (!reply.ok) return reply;
  const [first] = (reply.value.errors ?? []).filter(({ type }) => !request.partial || type !== "NOT_FOUND");
  if (first) return { ok: false, failure: { kind: "refused", code: CODES[first.type ?? ""] ?? "graphql", why: first.message } };
  const read = schema.safeParse(reply.value.data);
  if (read.success) return { ok: true, value: read.data };
  return { ok: false, failure: { kind: "refused", code: "graphql", why: "GitHub's answer is not what it documents" } };
};
