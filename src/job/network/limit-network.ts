import { formatNetworkHold, formatUnusableProxy } from "../../core/messages/network-text.ts";
import { listLoopbackTargets, readHostPattern } from "../../core/policy/network-hosts.ts";
import { findPreset } from "../agent/find-preset.ts";
import type { AgentVariables } from "../agent/key-route.ts";
import type { JobSandbox, NetworkRelay } from "../sandbox/job-sandbox.ts";
import { type JobSpec, toJobPaths } from "../job-spec.ts";
import type { StepHost } from "../step-host.ts";
import { lookUpAddresses } from "./connect-target.ts";
import { listModelHosts } from "./model-hosts.ts";
import { openNetworkProxy } from "./open-network-proxy.ts";
import { openRelaySockets } from "./open-relay-sockets.ts";
import { selectUpstreamVariables, withProxyVariables } from "./proxy-variables.ts";
import { openNetworkRefusalLog } from "./refusal-log.ts";
import { readUpstreamProxies } from "../../core/policy/upstream-proxy.ts";

export type NetworkRequest = {
  /** The agent's own variables. */
  readonly variables: AgentVariables;
  /** See OutsideKey.isModelProxied. */
  readonly isModelProxied: boolean;
  readonly sandbox: Pick<JobSandbox, "canCutNetwork" | "give">;
  /** Receives each refused host, and how the limit holds, as a sentence. */
  readonly onNote: (sentence: string) => void;
};

export type LimitedNetwork = {
  /** The agent's own variables, with the proxy's. */
  readonly variables: AgentVariables;
  /** The proxy's variables alone, for commands without a credential. */
  readonly proxyVariables: AgentVariables;
  /** The only way of the agent to any network; null if nothing cuts off the others. */
  readonly relay: NetworkRelay | null;
  readonly close: () => Promise<void>;
};

/** Ports below are root's, so an agent's own user cannot listen on them. */
const FIRST_OPEN_PORT = 1024;

/** Limits an agent to the hosts of its policy: by a proxy, and by cutting off everything else where the machine can. */
export const limitNetwork = async (host: StepHost, spec: JobSpec, request: NetworkRequest): Promise<LimitedNetwork> => {
  const { variables, isModelProxied, sandbox, onNote } = request;
  const { network } = spec;
  if (network === undefined) return { variables, proxyVariables: {}, relay: null, close: () => Promise.resolve() };
  const model = listModelHosts({ preset: findPreset(spec.agent)?.preset.name ?? null, variables, isModelProxied });
  const patterns = [...model, ...network].flatMap((text) => readHostPattern(text) ?? []);
  const proxies = readUpstreamProxies(selectUpstreamVariables(variables, host.env));
  const log = openNetworkRefusalLog({ onNote, summary: host.env["GITHUB_STEP_SUMMARY"] });
  const proxy = await openNetworkProxy({ patterns, proxies, lookup: lookUpAddresses, onRefusal: log.receive });
  const own = listLoopbackTargets(patterns).filter(({ port }) => port >= FIRST_OPEN_PORT);
  const isCut = await sandbox.canCutNetwork(host.node);
  const ports = [{ host: "127.0.0.1", port: proxy.port }, ...own];
  const relay = isCut ? await openRelaySockets(toJobPaths(host.temp).reach, ports) : null;
  for (const path of relay?.sockets ?? []) await sandbox.give(path);
  for (const name of proxies.unusable) onNote(formatUnusableProxy(name));
  const ownHosts = new Set(own.map((target) => `${target.host}:${target.port}`));
  onNote(formatNetworkHold({ hosts: network, model: model.filter((each) => !ownHosts.has(each)), isCut }));
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    await Promise.all([relay?.close(), proxy.close()]);
    await log.end();
  };
  return {
    variables: withProxyVariables(variables, proxy.port, network),
    proxyVariables: withProxyVariables({}, proxy.port, network),
    relay: relay && { node: host.node, directory: relay.directory, ports: relay.ports },
    close: () => (closing ??= close()),
  };
};
