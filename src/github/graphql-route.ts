import * as z from "zod";
import type { GitHubRequester } from "./open-octokit.ts";

export type GraphQlQuery = {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Missing objects are null in the answer and do not fail the rest. */
  readonly partial?: boolean;
};

const graphQlErrorsSchema = z.array(z.looseObject({ message: z.string(), type: z.string().optional() })).min(1);
export const graphQlAnswer = z.object({ data: z.unknown().optional(), errors: graphQlErrorsSchema.optional() });

/** https://docs.github.com/graphql: next to the REST API on an enterprise server, on the same host on github.com. */
export const findGraphQlRoute = (octokit: GitHubRequester): string => {
  const base: unknown = octokit.request.endpoint?.DEFAULTS?.baseUrl;
  const enterprise = typeof base === "string" ? /^(.*\/api)\/v3\/?$/.exec(base) : null;
  return `POST ${enterprise ? enterprise[1] : ""}/graphql`;
};

/** GitHub's message if the answer reports a rate limit; otherwise null. */
export const findRateLimit = (data: unknown): string | null => {
  const read = graphQlAnswer.safeParse(data);
  const limit = read.success ? read.data.errors?.find(({ type, message }) => type === "RATE_LIMITED" || /rate limit/i.test(message)) : null;
  return limit ? `Rate limit: ${limit.message}` : null;
};
