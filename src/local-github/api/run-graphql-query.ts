import {
  buildSchema,
  type DocumentNode,
  execute,
  type ExecutionResult,
  GraphQLError,
  OverlappingFieldsCanBeMergedRule,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import { GRAPHQL_SCHEMA } from "./graphql-schema.ts";

const graphqlSchema = buildSchema(GRAPHQL_SCHEMA);

/** `gh` asks for fields with one name and two types, such as the state of an issue or pull request, and GitHub accepts that. */
const RULES = specifiedRules.filter((rule) => rule !== OverlappingFieldsCanBeMergedRule);

type GraphqlQuery = {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operation: string | null;
  readonly root: object;
};

/** Answers a query as GitHub does: errors are part of the answer. */
export const runGraphqlQuery = async ({ query, variables, operation, root }: GraphqlQuery): Promise<ExecutionResult> => {
  const document = parseQuery(query);
  if (document instanceof GraphQLError) return { errors: [document] };
  const errors = validate(graphqlSchema, document, RULES);
  if (errors.length > 0) return { errors };
  return execute({
    schema: graphqlSchema,
    document,
    rootValue: root,
    variableValues: variables,
    operationName: operation,
  });
};

const parseQuery = (query: string): DocumentNode | GraphQLError => {
  try {
    return parse(query);
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
};
