import { createHmac } from "node:crypto";
import { lookup } from "node:dns";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import type { Effect, EffectEnding } from "../core/domain/effect.ts";
import type { Millis } from "../core/domain/ids.ts";
import { MINUTE_MS } from "../core/domain/durations.ts";

type NoticeEffect = Extract<Effect, { kind: "post-notice" }>;
export type NoticePort = (effect: NoticeEffect) => Promise<EffectEnding<"post-notice">>;

/** Reads a variable of the environment that Enki runs in. */
export type ReadVariable = (name: string) => string | undefined;

const POST_TIMEOUT_MS = 10_000;
const RETRY_PAUSE_MS = MINUTE_MS;

/**
 * Networks out of reach for a repository's configuration: the machine itself, private and local networks, and addresses with embedded
 * addresses.
 */
const PRIVATE_IPV4 = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const)
  PRIVATE_IPV4.addSubnet(network, prefix, "ipv4");
// A list of its own: node:net also compares IPv4 addresses with IPv6 networks, in which they are embedded.
const PRIVATE_IPV6 = new BlockList();
// IPv6 outside of the global unicast addresses, and global unicast addresses with an embedded IPv4 address.
for (const [network, prefix] of [
  ["::", 3],
  ["4000::", 2],
  ["8000::", 1],
  ["2001::", 32],
  ["2002::", 16],
] as const)
  PRIVATE_IPV6.addSubnet(network, prefix, "ipv6");

export const isPrivateAddress = (address: string): boolean =>
  isIP(address) === 4 ? PRIVATE_IPV4.check(address, "ipv4") : isIP(address) !== 6 || PRIVATE_IPV6.check(address, "ipv6");

class PrivateAddressError extends Error {}

/** Looks a host up and fails if any of its addresses is private. The connection uses exactly the checked addresses. */
const lookUpPublicHost: LookupFunction = (host, options, report) => {
  lookup(host, { ...options, all: true }, (error, found) => {
    if (error) return report(error, "", 0);
    const [first] = found;
    if (!first || found.some(({ address }) => isPrivateAddress(address))) return report(new PrivateAddressError(host), "", 0);
    return options.all ? report(null, found) : report(null, first.address, first.family);
  });
};

/** `isTrusted`: whoever runs Enki chose the address, so it may be in a private network. */
type NoticeTarget = { readonly url: URL; readonly isTrusted: boolean };

const refusePost = (reason: string): EffectEnding<"post-notice"> => ({ kind: "refused", code: "notice", reason });

const findTarget = (webhook: string, readVariable: ReadVariable): NoticeTarget | string => {
  const isVariable = !webhook.includes(":");
  const address = isVariable ? readVariable(webhook) : webhook;
  if (address === undefined || address === "") return `the variable ${webhook} is not set`;
  if (!URL.canParse(address)) return "the address of the webhook is malformed";
  const url = new URL(address);
  if (url.protocol !== "https:" && !(isVariable && url.protocol === "http:"))
    return "the address of the webhook does not start with https://";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!isVariable && isIP(host) !== 0 && isPrivateAddress(host)) return PRIVATE_REASON;
  return { url, isTrusted: isVariable };
};

const PRIVATE_REASON = "the address of the webhook is in a private network; a variable may hold such an address";

/** Sends one POST, follows no redirect, and reports the status. */
const post = ({ url, isTrusted }: NoticeTarget, body: string, headers: Readonly<Record<string, string>>): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(
      url,
      {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) },
        signal: AbortSignal.timeout(POST_TIMEOUT_MS),
        ...(!isTrusted && { lookup: lookUpPublicHost }),
      },
      (answer) => {
        answer.destroy();
        resolve(answer.statusCode ?? 0);
      },
    );
    request.on("error", reject);
    request.end(body);
  });

const toEnding = (status: number, retryAt: Millis): EffectEnding<"post-notice"> => {
  if (status >= 200 && status < 300) return { kind: "done", answer: null };
  if (status === 429 || status >= 500) return { kind: "later", retryAt, reason: `the webhook answered ${status}` };
  return refusePost(`the webhook answered ${status}`);
};

/** Posts notices to the webhook of `[notify]`. Never rejects, so that a failed notice stops no work. */
export const openNoticePort =
  ({ readVariable, now, log }: { readVariable: ReadVariable; now: () => Millis; log: (line: string) => void }): NoticePort =>
  async ({ webhook, secret, message }) => {
    const end = (ending: EffectEnding<"post-notice">): EffectEnding<"post-notice"> => {
      if (ending.kind !== "done") log(`a notice was not posted: ${ending.reason}`);
      return ending;
    };
    const target = findTarget(webhook, readVariable);
    if (typeof target === "string") return end(refusePost(target));
    const key = secret === null ? null : readVariable(secret);
    if (key === undefined || key === "") return end(refusePost(`the variable ${secret ?? ""} is not set`));
    const body = JSON.stringify(message);
    const signature = key === null ? {} : { "x-enki-signature-256": `sha256=${createHmac("sha256", key).update(body).digest("hex")}` };
    try {
      return end(toEnding(await post(target, body, signature), now() + RETRY_PAUSE_MS));
    } catch (error) {
      if (error instanceof PrivateAddressError) return end(refusePost(PRIVATE_REASON));
      return end({ kind: "later", retryAt: now() + RETRY_PAUSE_MS, reason: "the webhook did not answer" });
    }
  };
