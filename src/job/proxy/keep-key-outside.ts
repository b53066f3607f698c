import { randomBytes } from "node:crypto";
import { type AgentCommand, formatAgentCommand } from "../../core/domain/agent-command.ts";
import {
  countProxyRefusals,
  describeProxyRefusal,
  formatKeyPlace,
  type KeyPlace,
  type ProxyRefusal,
} from "../../core/messages/key-proxy.ts";
import type { LoginFiles } from "../agent/agent-login.ts";
import { listSecretValues } from "../agent/agent-variables.ts";
import { findPreset, type FoundPreset } from "../agent/find-preset.ts";
import { type AgentVariables, type KeyRoute, NETWORK_VARIABLE } from "../agent/key-route.ts";
import { openKeyProxy } from "./open-key-proxy.ts";

export type KeyRequest = {
  readonly agent: AgentCommand;
  /** The agent's own variables, with its key. */
  readonly variables: AgentVariables;
  /** A person's login in the agent's home; absent without one. */
  readonly login?: LoginFiles;
  /** Receives each refused request as a sentence. */
  readonly onNote: (sentence: string) => void;
};

export type OutsideKey = {
  /** The agent's own variables, as the agent gets them. */
  readonly variables: AgentVariables;
  /** Where the model's key is, as a sentence; empty if there is no key. */
  readonly sentence: string;
  /** Whether the agent needs no connection to its model's servers. */
  readonly isModelProxied: boolean;
  /** What the model's server last said about a quota that is used up; empty if it said nothing, or not through the proxy. */
  readonly readLimitWords: () => string;
  readonly close: () => Promise<void>;
};

type Choice = { readonly routes: readonly KeyRoute[]; readonly cause: KeyPlace["cause"] };

const chooseRoutes = (found: FoundPreset | null, { agent, variables }: KeyRequest): Choice => {
  if (agent.isKeyInside === true) return { routes: [], cause: "switched-off" };
  if (found === null) return { routes: [], cause: "unknown-agent" };
  if (Object.keys(variables).some((name) => NETWORK_VARIABLE.test(name))) return { routes: [], cause: "network" };
  return { routes: found.preset.findRoutes(variables).filter(({ upstream }) => isHttpAddress(upstream)), cause: "credentials" };
};

const isHttpAddress = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

/** A shorter credential would occur in other values by chance. In characters. */
const MIN_REPLACED_CHARS = 6;

/**
 * Replaces the routes' credentials with `dummy` wherever they occur in the variables, and omits the variables that the agent must not get.
 */
const replaceCredentials = (variables: AgentVariables, routes: readonly KeyRoute[], dummy: string): AgentVariables => {
  const keys = new Set(routes.flatMap((route) => route.keys));
  const removed = new Set(routes.flatMap((route) => route.removed).filter((name) => !keys.has(name)));
  const secrets = [...new Set(routes.flatMap((route) => route.secrets))]
    .filter(({ length }) => length >= MIN_REPLACED_CHARS)
    .toSorted((one, two) => two.length - one.length);
  const hide = (value: string): string => secrets.reduce((text, secret) => text.replaceAll(secret, dummy), value);
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (removed.has(name) ? [] : [[name, keys.has(name) ? dummy : hide(value)]])),
  );
};

/** The credentials in these variables, without references to other variables. */
const listCredentials = (variables: AgentVariables): string[] =>
  listSecretValues(variables).filter((value) => !/^\{(?:env|file):/.test(value));

/** The agent's variables with credentials; a cloud's switch stands for the files that it reads. */
const listInside = (
  found: FoundPreset | null,
  variables: AgentVariables,
  { dummy, known }: { dummy: string; known: readonly string[] },
) => {
  const holds = ([name, value]: readonly [string, string]): boolean =>
    listCredentials({ [name]: value }).some((secret) => secret !== dummy) || known.some((secret) => value.includes(secret));
  const names = Object.entries(variables)
    .filter((entry) => holds(entry))
    .map(([name]) => name);
  return names.length > 0 ? names : (found?.preset.keys ?? []).filter((name) => variables[name] && variables[name] !== dummy);
};

const MAX_NAMED_REFUSALS = 50;

const openRefusalLog = (onNote: KeyRequest["onNote"]) => {
  let count = 0;
  return {
    receive: (refusal: ProxyRefusal): void => {
      count += 1;
      if (count <= MAX_NAMED_REFUSALS) onNote(describeProxyRefusal(refusal));
    },
    end: (): void => {
      if (count > MAX_NAMED_REFUSALS) onNote(countProxyRefusals(count));
    },
  };
};

/** Keeps the model's key out of an agent's variables, as far as the agent allows it, with a proxy that adds the key. */
export const keepKeyOutside = async (request: KeyRequest): Promise<OutsideKey> => {
  const { agent, variables, login = {}, onNote } = request;
  const files = Object.keys(login).map((path) => `~/${path}`);
  const found = findPreset(agent);
  const { routes, cause } = chooseRoutes(found, request);
  const name = found?.preset.label ?? formatAgentCommand(agent);
  const known = listCredentials(variables);
  if (routes.length === 0) {
    const inside = [...listInside(found, variables, { dummy: "", known }), ...files];
    const sentence = formatKeyPlace({ hosts: [], inside, cause, agent: name });
    return { variables, sentence, isModelProxied: false, readLimitWords: () => "", close: () => Promise.resolve() };
  }
  const dummy = `enki-outside-${randomBytes(16).toString("hex")}`;
  const log = openRefusalLog(onNote);
  let limitWords = "";
  const proxy = await openKeyProxy({ routes, onRefusal: log.receive, onLimitWords: (words) => void (limitWords = words) });
  const redirected = routes.reduce((env, route, index) => route.redirect(env, proxy.addresses[index] ?? ""), variables);
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await proxy.close();
    log.end();
  };
  const shown = replaceCredentials(redirected, routes, dummy);
  const hosts = [...new Set(routes.map(({ upstream }) => new URL(upstream).host))];
  const inside = [...listInside(found, shown, { dummy, known }), ...files];
  return {
    variables: shown,
    sentence: formatKeyPlace({ hosts, inside, cause, agent: name }),
    isModelProxied: inside.length === 0,
    readLimitWords: () => limitWords,
    close: () => (closing ??= close()),
  };
};
