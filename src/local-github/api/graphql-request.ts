import { nodeId } from "./api-urls.ts";
import type { ForgeAccount, RequestActor } from "./forge-actor.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { ForgeState } from "./forge-state.ts";

/** A refusal, reported as a GraphQL error with GitHub's type. */
export class GraphqlDenial extends Error {
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

export type GraphqlRequest = { readonly forge: ForgeState; readonly actor: RequestActor };
export type RepositoryRequest = GraphqlRequest & { readonly repository: ForgeRepository };

export const graphqlActorShape = ({ id, login, type }: ForgeAccount) => ({ __typename: type, id: nodeId("User", id), login });
