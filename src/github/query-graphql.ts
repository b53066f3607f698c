import { readOwn } from "../core/domain/own-record.ts";
import type { ZodType } from "zod";
import { type GraphQlQuery, graphQlAnswer } from "./graphql-route.ts";
import type { GitHubHttp } from "./github-http.ts";
import type { GitHubReply } from "./github-ports.ts";

const REFUSAL_CODE_BY_ERROR_TYPE: Readonly<Record<string, string>> = {
  NOT_FOUND: "not-found",
  FORBIDDEN: "not-allowed",
  UNPROCESSABLE: "invalid",
};

/** Queries GitHub's GraphQL API. Errors in the answer become a refusal with GitHub's message. */
export const queryGraphQl = async <T>(http: GitHubHttp, request: GraphQlQuery, schema: ZodType<T>): Promise<GitHubReply<T>> => {
  const reply = await http.query(request, graphQlAnswer);
  if (!reply.ok) return reply;
  const [first] = (reply.value.errors ?? []).filter(({ type }) => !request.partial || type !== "NOT_FOUND");
  if (first)
    return {
      ok: false,
      failure: { kind: "refused", code: readOwn(REFUSAL_CODE_BY_ERROR_TYPE, first.type ?? "") ?? "graphql", reason: first.message },
    };
  const read = schema.safeParse(reply.value.data);
  if (read.success) return { ok: true, value: read.data };
  return { ok: false, failure: { kind: "refused", code: "graphql", reason: "GitHub's answer is not what it documents" } };
};
