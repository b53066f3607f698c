import type { Chance } from "./chance.ts";
import type { Clock } from "./clock.ts";

/** The sender of a request. Only coordinators meet faults. */
export type Caller = {
  readonly name: string;
  readonly isDead: () => boolean;
  /** Ends the process. None of its later acts has an effect. */
  readonly die: (where: string) => void;
};

export type MailedWebhook = { readonly name: string; readonly id: string; readonly body: string; readonly signature: string };

export type TransportOptions = {
  readonly chance: Chance;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** Finds the coordinator of a token; null for people and jobs. */
  readonly findCaller: (token: string) => Caller | null;
  readonly forge: { readonly host: string; readonly answer: (request: Request) => Promise<Response>; readonly rest: () => Promise<void> };
  readonly hookHost: string;
  readonly takeWebhook: (webhook: MailedWebhook) => void;
  /** Runs after each request that may have changed something. */
  readonly seen: (caller: Caller | null) => void;
};

/** Statuses of GitHub's faults and refusals without an effect. */
const REFUSED_STATUSES = [401, 403, 404, 409, 422, 429, 500, 502, 503] as const;
/** Highest age of a stale answer in milliseconds. GitHub's lists lag by seconds. */
const MAX_LAG_MS = 10_000;
const LATENCY_MS = 40;
const LIST_PATTERN = /\/(?:runs|pulls|comments|issues|reviews|events)(?:\?|$)/;

const readToken = (header: string | null): string => {
  const [scheme = "", value = ""] = (header ?? "").split(" ");
  return scheme.toLowerCase() === "basic" ? (Buffer.from(value, "base64").toString().split(":")[1] ?? "") : value;
};

const fail = (status: number): Response => {
  const message = status === 403 || status === 429 ? "You have exceeded a secondary rate limit." : "Simulated";
  const headers = { "content-type": "application/json", ...(status === 403 || status === 429 ? { "retry-after": "60" } : {}) };
  return new Response(JSON.stringify({ message }), { status, headers });
};

type Copy = { readonly at: number; readonly status: number; readonly headers: Headers; readonly body: ArrayBuffer };

/** Carries every request of the history in this process, with the faults of a network and GitHub. Replaces `fetch` until it is closed. */
export const openTransport = (options: TransportOptions): { readonly close: () => void } => {
  const { chance, clock, log, forge } = options;
  const copies = new Map<string, Copy>();

  const deliver = async (request: Request): Promise<Response> => {
    const answer = await forge.answer(request);
    const body = await answer.arrayBuffer();
    await forge.rest();
    return new Response([204, 205, 304].includes(answer.status) ? null : body, { status: answer.status, headers: answer.headers });
  };

  /** Delivers answers that are a few seconds old, as GitHub's lists are. */
  const deliverWithLag = async (request: Request, key: string): Promise<Response> => {
    const known = copies.get(key);
    const isConditional = request.headers.has("if-none-match");
    if (known && clock.now() - known.at <= MAX_LAG_MS && chance.happens("api: stale answer", 0.15)) {
      log(`  stale answer to ${key}`);
      return isConditional
        ? new Response(null, { status: 304, headers: known.headers })
        : new Response(known.body, { status: known.status, headers: known.headers });
    }
    const answer = await deliver(request);
    const at = clock.now();
    if (answer.status === 200) copies.set(key, { at, status: 200, headers: answer.headers, body: await answer.clone().arrayBuffer() });
    else if (answer.status === 304 && known) copies.set(key, { ...known, at });
    return answer;
  };

  const lose = (log_: string): never => {
    log(`  ${log_}`);
    throw new TypeError("fetch failed");
  };

  /** Carries one request of a coordinator. Faults may happen before its effect, after its effect, and with its answer. */
  const carry = async (caller: Caller, request: Request, what: { kind: "git" | "api"; name: string }): Promise<Response> => {
    const { kind, name } = what;
    if (caller.isDead()) return lose("a dead process sends nothing");
    clock.spend(LATENCY_MS * (0.5 + chance.number("latency")));
    if (chance.happens(`crash: before ${kind} request`, 0.002)) {
      caller.die(`before ${name}`);
      return lose("…");
    }
    if (chance.happens(`${kind}: lost request`, 0.01)) return lose(`lost before GitHub saw it: ${name}`);
    if (chance.happens(`${kind}: refused without effect`, 0.012)) {
      const status = kind === "git" ? 503 : (chance.pick("status", REFUSED_STATUSES) ?? 502);
      log(`  answered ${status} without effect: ${name}`);
      return fail(status);
    }
    const isRead = kind === "api" && (request.method === "GET" || new URL(request.url).pathname.endsWith("/graphql"));
    const isListed = isRead && LIST_PATTERN.test(request.url);
    const answer = isListed
      ? await deliverWithLag(request, `${caller.name} ${name}${new URL(request.url).search}`)
      : await deliver(request);
    if (caller.isDead()) return lose("a dead process receives nothing");
    if (chance.happens(`crash: after ${kind} request`, 0.002)) {
      caller.die(`after ${name}`);
      return lose("…");
    }
    if (isRead) return answer;
    if (chance.happens(`${kind}: time-out after the effect`, 0.015)) return lose(`timed out after its effect: ${name}`);
    if (chance.happens(`${kind}: 5xx after the effect`, 0.015)) {
      log(`  answered 502 after its effect: ${name}`);
      return fail(502);
    }
    if (kind === "api" && answer.status < 300 && answer.status !== 204 && chance.happens("api: cut answer", 0.006)) {
      log(`  answer cut: ${name}`);
      return new Response((await answer.text()).slice(0, 20), { status: answer.status, headers: { "content-type": "application/json" } });
    }
    return answer;
  };

  const takeWebhook = async (request: Request): Promise<Response> => {
    const header = (name: string): string => request.headers.get(name) ?? "";
    options.takeWebhook({
      name: header("x-github-event"),
      id: header("x-github-delivery"),
      body: await request.text(),
      signature: header("x-hub-signature-256"),
    });
    return new Response("ok");
  };

  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const request = new Request(input instanceof Request ? input : String(input), init);
    const { host, pathname } = new URL(request.url);
    if (host === options.hookHost) return takeWebhook(request);
    if (host !== forge.host) throw new TypeError(`nothing is simulated at ${host}`);
    const headers = new Headers(request.headers);
    headers.set("host", host);
    const sent = new Request(request.url, {
      method: request.method,
      headers,
      ...(request.body === null ? {} : { body: await request.arrayBuffer() }),
    });
    const caller = options.findCaller(readToken(headers.get("authorization")));
    const kind = pathname.endsWith("/git-receive-pack") ? "git" : "api";
    try {
      return await (caller === null ? deliver(sent) : carry(caller, sent, { kind, name: `${request.method} ${pathname}` }));
    } finally {
      if (request.method !== "GET") options.seen(caller);
    }
  };
  return { close: () => void (globalThis.fetch = real) };
};
