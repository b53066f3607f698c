import type { TimerStarter } from "../../storage/git/run-git.ts";
import type { WorkflowRunner } from "../actions/workflow-runner.ts";
import type { CreatedApp, ForgeAccount, AccessToken, GitHubApp } from "./forge-actor.ts";
import type { SealingKeys } from "./sealed-box.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { FileAttachment } from "./file-attachment.ts";
import type { ForgeEvent } from "./forge-event.ts";

/** Simulated delays of GitHub, in milliseconds. */
export type ForgeLag = { readonly runsMs: number; readonly mergedMs: number };
/** A sent webhook delivery; `status` is null if no answer came. */
export type WebhookDelivery = {
  /** The event's GUID, which a redelivery keeps. */
  readonly id: string;
  readonly number: number;
  /** The App's number. */
  readonly app: number;
  readonly at: number;
  readonly isRedelivery: boolean;
  /** Whether the delivery ended. */
  isOver: boolean;
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  status: number | null;
};
export type InjectedFaults = {
  /** The number of times a delivery is sent: 0 loses it, 2 sends it twice under the same id. */
  readonly deliveries?: (delivery: WebhookDelivery) => number;
  /** Chooses the failure of a request; null for none. */
  readonly requests?: (request: { readonly method: string; readonly path: string; readonly login: string }) => RequestFault | null;
};
/** A 502 before or after the request takes effect, or a secondary rate limit with the seconds to wait. */
type RequestFault = "before" | "after" | { readonly retryAfter: number };
/** An answered request. Read the body immediately: it is available only until the answer is sent. */
export type ObservedRequest = {
  readonly method: string;
  readonly path: string;
  readonly login: string;
  readonly status: number;
  readonly body: () => Promise<string>;
};
/** A person with the token that the pages use for them. */
export type SignedInPerson = { readonly login: string; readonly token: string };
/** A user's authorization of an App, before the App exchanges it for a token. */
type UserAuthorization = {
  readonly app: number;
  readonly login: string;
  readonly redirectUri: string;
  /** The challenge of PKCE; null without one. */
  readonly challenge: string | null;
  readonly expires: number;
};
export type ForgeState = {
  readonly directory: string;
  readonly now: () => number;
  /** A number from 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  readonly after: TimerStarter;
  readonly runner: WorkflowRunner;
  readonly lag: ForgeLag;
  readonly faults: InjectedFaults;
  readonly observe: (exchange: ObservedRequest) => void;
  /** The number of requests that a token may make per hour. */
  readonly rateLimit: number;
  url: string;
  readonly startedAt: number;
  lastId: number;
  readonly accounts: Map<string, ForgeAccount>;
  readonly tokens: Map<string, AccessToken>;
  readonly apps: GitHubApp[];
  /** Registered Apps with unfetched keys, by the code for fetching the keys once. */
  readonly manifestCodes: Map<string, { readonly app: CreatedApp; readonly expires: number }>;
  /** Authorizations by users, by the code that exchanges them for a token once. */
  readonly userCodes: Map<string, UserAuthorization>;
  readonly repositories: Map<string, ForgeRepository>;
  /** Uploaded attachments by number. */
  readonly attachments: Map<number, FileAttachment>;
  readonly deliveries: WebhookDelivery[];
  /** Persons who may act on the pages, by the key of their address. */
  readonly sessions: Map<string, SignedInPerson>;
  readonly requestCounts: Map<string, { count: number; reset: number }>;
  /** Whether the forge answers as a GitHub Enterprise Server of release 3.17 does. */
  readonly isEnterpriseServer: boolean;
  /** The keys with which clients seal secrets; of this process only, as the secrets are. */
  readonly sealingKeys: SealingKeys;
  readonly background: BackgroundWork;
  /** Stores the present state, if the forge has a file for this purpose. */
  readonly save: () => Promise<void>;
  /**
   * Starts the workflows that an event triggers. A field, because the import would be circular: the end of a run
   * emits an event.
   */
  readonly trigger: (forge: ForgeState, repository: ForgeRepository, event: ForgeEvent) => void;
  /** Advances the merge queues. A field for the same reason: queues both wait for events and emit them. */
  readonly advance: (forge: ForgeState, repository: ForgeRepository) => void;
};
/** Tasks that run after the answer: webhooks, run starts, delayed marks. */
export type BackgroundWork = {
  /** Runs the tasks of one queue in order and keeps their failures for `waitUntilIdle`. */
  readonly runInOrder: (queue: string, task: () => Promise<void>) => Promise<void>;
  /** Runs a task after a delay, unless the forge is closed first. */
  readonly runLater: (delay: number, task: () => Promise<void>) => void;
  /** Waits until no task is left; throws an AggregateError of all failures. */
  readonly waitUntilIdle: () => Promise<void>;
  readonly close: () => void;
};
export const takeNextId = (forge: ForgeState): number => {
  forge.lastId += 1;
  return forge.lastId;
};
/** Finds an account by login and creates it if it does not exist. */
export const ensureAccount = (forge: ForgeState, login: string): ForgeAccount => {
  const known = forge.accounts.get(login.toLowerCase());
  if (known) return known;
  const account: ForgeAccount = { id: takeNextId(forge), login, type: login.endsWith("[bot]") ? "Bot" : "User" };
  forge.accounts.set(login.toLowerCase(), account);
  return account;
};
