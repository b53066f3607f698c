import type { TimerStarter } from "../../storage/git/run.ts";
import type { WorkflowRunner } from "../actions/workflow-runner.ts";
import type { ForgeAccount, AccessToken, GitHubApp } from "./forge-actor.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { FileAttachment } from "./file-attachment.ts";
import type { ForgeEvent } from "./forge-event.ts";

/** How much later GitHub knows some things, in milliseconds. */
export type ForgeLag = { readonly runsMs: number; readonly mergedMs: number };
/** A delivery of a webhook as it was sent; `status` is null where nobody answered. */
export type WebhookDelivery = {
  readonly id: string;
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  status: number | null;
};
export type InjectedFaults = {
  /** How often a delivery is sent: 0 loses it, 2 doubles it under the same id. */
  readonly deliveries?: (delivery: WebhookDelivery) => number;
  /** What goes wrong with a request; null for one that is well. */
  readonly requests?: (request: { readonly method: string; readonly path: string; readonly login: string }) => RequestFault | null;
};
/** It fails with 502, before it took effect or after; or it is refused by a secondary limit, for so many seconds. */
type RequestFault = "before" | "after" | { readonly retryAfter: number };
/** A request that was answered. The body of the answer can be had as long as it is not sent: ask for it at once. */
export type ObservedRequest = {
  readonly method: string;
  readonly path: string;
  readonly login: string;
  readonly status: number;
  readonly body: () => Promise<string>;
};
export type ForgeState = {
  readonly directory: string;
  readonly now: () => number;
  /** 0 up to and without 1. */
  readonly random: () => number;
  readonly after: TimerStarter;
  readonly runner: WorkflowRunner;
  readonly lag: ForgeLag;
  readonly faults: InjectedFaults;
  readonly observe: (exchange: ObservedRequest) => void;
  /** Requests an hour and token. */
  readonly rateLimit: number;
  url: string;
  readonly startedAt: number;
  lastId: number;
  readonly accounts: Map<string, ForgeAccount>;
  readonly tokens: Map<string, AccessToken>;
  readonly apps: GitHubApp[];
  readonly repositories: Map<string, ForgeRepository>;
  /** What people attached, by number. */
  readonly attachments: Map<number, FileAttachment>;
  readonly deliveries: WebhookDelivery[];
  readonly requestCounts: Map<string, { count: number; reset: number }>;
  readonly background: BackgroundWork;
  /** Starts the workflows that listen to an event; a field, because the end of a run is an event too. */
  readonly trigger: (forge: ForgeState, repository: ForgeRepository, event: ForgeEvent) => void;
  /** Lets merge queues go on; a field for the same reason: what they wait for is an event. */
  readonly advance: (forge: ForgeState, repository: ForgeRepository) => void;
};
/** What goes on in the background: webhooks on their way, runs about to start, marks that come later. */
export type BackgroundWork = {
  /** Runs tasks of one queue one after the other; a fault of one is kept for `settled`. */
  readonly runInOrder: (queue: string, task: () => Promise<void>) => Promise<void>;
  /** Does something later, unless the forge is closed before. */
  readonly runLater: (delay: number, task: () => Promise<void>) => void;
  readonly settled: () => Promise<void>;
  readonly close: () => void;
};
export const takeNextId = (forge: ForgeState): number => {
  forge.lastId += 1;
  return forge.lastId;
};
/** An account of that name, made where there is none. */
export const ensureAccount = (forge: ForgeState, login: string): ForgeAccount => {
  const known = forge.accounts.get(login.toLowerCase());
  if (known) return known;
  const account: ForgeAccount = { id: takeNextId(forge), login, type: login.endsWith("[bot]") ? "Bot" : "User" };
  forge.accounts.set(login.toLowerCase(), account);
  return account;
};
