import { formatTarget, type NetworkTarget } from "../policy/network-hosts.ts";
import { toInlineCode, toOneLine } from "./escape.ts";

/** Why the proxy of an agent's network policy refused a connection. */
export type NetworkRefusalReason =
  /** The policy does not allow the host or the port. */
  | "host"
  /** The name leads to an address of the machine or of its surroundings. */
  | "address"
  /** The client asks for another host inside of the tunnel. */
  | "disguise"
  /** The request names no host, or speaks another protocol. */
  | "form";

export type NetworkRefusal = {
  readonly reason: NetworkRefusalReason;
  /** The host that was asked for; shortened text of the request if it names none. */
  readonly asked: string;
};

const REFUSAL_CAUSES: Readonly<Record<NetworkRefusalReason, string>> = {
  host: "the policy does not allow this host",
  address: "the name leads to an address of the machine itself or of its cloud",
  disguise: "the connection names another host, or hides which host it asks for",
  form: "only HTTP and TLS connections to a named host are allowed",
};

const HOW_TO_ALLOW = "A maintainer can allow hosts with `network` in `[policy]` of `.enki/enki.toml`.";

/** The answer to a refused connection, for the agent. */
export const formatNetworkRefusal = ({ reason, asked }: NetworkRefusal): string =>
  [
    `Enki's network policy refused ${asked}: ${REFUSAL_CAUSES[reason]}.`,
    "Do not try to reach the host in another way. Continue without the host, or report that you are blocked and name the host.",
    reason === "host" ? HOW_TO_ALLOW : "",
  ]
    .filter((part) => part !== "")
    .join(" ");

/** The reason in the status line of a refused tunnel: many clients show nothing else. */
export const formatRefusalStatus = ({ reason }: NetworkRefusal): string =>
  reason === "host" ? "Host not allowed by the network policy of Enki" : "Connection refused by the network policy of Enki";

/** A refused host in the transcript. */
export const describeNetworkRefusal = ({ reason, asked }: NetworkRefusal): string =>
  `Enki's network policy refused ${toInlineCode(asked)}: ${REFUSAL_CAUSES[reason]}.`;

export const countNetworkRefusals = (count: number): string => `Enki's network policy refused ${count} hosts in all.`;

/** The refused hosts of a session, for the summary of its run. */
export const summarizeNetworkRefusals = (asked: readonly string[], count: number): string => {
  const more = count > asked.length ? `, and ${count - asked.length} more` : "";
  return `**Network:** the policy refused ${asked.map((each) => toInlineCode(each)).join(", ")}${more}. ${HOW_TO_ALLOW}`;
};

/** The network limit of a session, and its strength. */
export type NetworkHold = {
  /** The entries of the policy, with its words resolved. */
  readonly hosts: readonly string[];
  /** The hosts of the model that the agent reaches itself. */
  readonly model: readonly string[];
  /** Whether all other traffic of the agent is cut off. */
  readonly isCut: boolean;
};

const MAX_SHOWN_HOSTS = 40;

const listHosts = (hosts: readonly string[]): string => {
  const shown = hosts.slice(0, MAX_SHOWN_HOSTS).map((host) => toInlineCode(toOneLine(host)));
  return hosts.length > MAX_SHOWN_HOSTS ? `${shown.join(", ")} and ${hosts.length - MAX_SHOWN_HOSTS} more` : shown.join(", ");
};

/** The hosts that a session may reach, and whether anything else is cut off. */
export const formatNetworkHold = ({ hosts, model, isCut }: NetworkHold): string => {
  const all = [...new Set([...model, ...hosts])];
  const reach = all.length === 0 ? "The agent may reach no host but its model" : `The agent may reach only its model and ${listHosts(all)}`;
  return isCut
    ? `${reach}. All its other traffic is cut off.`
    : `${reach}. Protection missing: other traffic is not cut off, because this machine allows no network namespaces, so the limit holds only for programs that use the proxy variables.`;
};

export const formatUnusableProxy = (name: string): string =>
  `Enki cannot use the proxy in \`${name}\`: only \`http://\` and \`https://\` proxies are known. Connections are made without it.`;

/** Explains to an agent the limits of its network. */
export const renderNetworkPart = (hosts: readonly string[]): string =>
  [
    "## Network",
    hosts.length === 0
      ? "You can reach no host on the network."
      : `On the network, you can reach only these hosts, through the proxy set in your environment: ${listHosts(hosts)}.`,
    "Other hosts answer with 403 or not at all. If the task needs one, report that you are blocked and name the host.",
  ].join("\n\n");

export const formatUnreachableHost = (target: NetworkTarget, code: string): string => `Cannot connect to ${formatTarget(target)}: ${code}.`;
