import { toInlineCode } from "./escape.ts";

/** A request that the proxy with the model's key refused. */
export type ProxyRefusal = {
  readonly reason: "foreign" | "method" | "path" | "tunnel";
  readonly method: string;
  readonly path: string;
};

const REFUSAL_CAUSES: Readonly<Record<ProxyRefusal["reason"], string>> = {
  foreign: "the request did not use the address that the agent was given",
  method: "the proxy reads from the model's server with GET and HEAD, and sends with POST",
  path: "the proxy forwards only what a session needs",
  tunnel: "the proxy opens no connection to another server",
};

/** The answer to a refused request, for the agent. */
export const formatProxyRefusal = (refusal: ProxyRefusal): string =>
  `Enki's proxy for the model's key refused this request: ${REFUSAL_CAUSES[refusal.reason]}.`;

/** A refused request in the transcript. */
export const describeProxyRefusal = (refusal: ProxyRefusal): string =>
  `Enki's proxy for the model's key refused ${toInlineCode(`${refusal.method} ${refusal.path}`)}: ${REFUSAL_CAUSES[refusal.reason]}.`;

/** The sum of a session's refused requests, if the transcript does not name all of them. */
export const countProxyRefusals = (count: number): string => `Enki's proxy for the model's key refused ${count} requests in all.`;

export const formatUnreachableServer = (host: string, code: string): string => `Cannot connect to ${host}: ${code}.`;

/** The place of the model's key during a session. */
export type KeyPlace = {
  /** The hosts to which the proxy adds a key; empty if the agent has its key itself. */
  readonly hosts: readonly string[];
  /** The agent's variables with credentials. */
  readonly inside: readonly string[];
  /** Why no key is outside. */
  readonly cause: "switched-off" | "unknown-agent" | "credentials" | "network";
  /** The agent's name. */
  readonly agent: string;
};

const listNames = (names: readonly string[]): string => names.map((name) => toInlineCode(name)).join(", ");

const explainCause = ({ cause, agent }: KeyPlace): string => {
  switch (cause) {
    case "switched-off":
      return "`[agent] key_proxy` is off";
    case "unknown-agent":
      return "Enki cannot point this agent to another address";
    case "credentials":
      return `${agent} uses credentials like these itself`;
    case "network":
      return "the agent has a proxy or certificates of its own";
  }
};

/** A sentence about the model's key and a sentence about other credentials; empty without any. */
export const formatKeyPlace = (place: KeyPlace): string => {
  const { hosts, inside } = place;
  if (hosts.length > 0) {
    const rest = inside.length === 0 ? "" : ` The agent has these credentials itself: ${listNames(inside)}.`;
    return `The model's key is outside the agent: Enki's proxy adds it to requests to ${listNames(hosts)}.${rest}`;
  }
  if (inside.length === 0) return "";
  return `The model's key is inside the agent (${listNames(inside)}), because ${explainCause(place)}.`;
};
