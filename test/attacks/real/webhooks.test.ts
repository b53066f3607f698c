import { createHmac } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Probot } from "probot";
import { expect, onTestFinished, test } from "vitest";
import { openAppService } from "../../../src/coordinator/app-service.ts";
import { startHttpServer } from "../../../src/coordinator/http-server.ts";
import { createWebhookReceiver, MAX_WEBHOOK_BYTES } from "../../../src/coordinator/webhook-receiver.ts";
import { attackFamily, type AttackVariants } from "../attack-family.ts";

const SECRET = "it is a test";
const PATH = "/api/github/webhooks";
const sign = (body: string | Buffer, secret = SECRET, algorithm = "sha256"): string =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest("hex")}`;

const repository = (over: object = {}) => ({ repository: { full_name: "acme/app", ...over }, installation: { id: 1 } });
const PAYLOADS = {
  issue_comment: {
    ...repository(),
    action: "created",
    issue: { number: 1 },
    comment: {
      id: 5,
      user: { login: "mona" },
      body: "/enki stop",
      created_at: "2026-11-20T12:00:00Z",
      updated_at: "2026-11-20T12:00:00Z",
    },
  },
  pull_request_review: {
    ...repository(),
    action: "submitted",
    review: { id: 5, user: { login: "mona" }, body: "/enki stop", submitted_at: "2026-11-20T12:00:00Z", state: "approved" },
    pull_request: { number: 1 },
  },
  workflow_run: { ...repository(), action: "completed", workflow_run: { display_title: "work/abc123-a/1", name: "x" } },
};

/** Opens the App's door on loopback, with timers that never fire by themselves and an installation that only counts calls. */
const openDoor = async () => {
  const directory = mkdtempSync(join(tmpdir(), "enki-webhooks-"));
  const reached: string[] = [];
  const timers: (() => void)[] = [];
  const service = openAppService({
    openInstallation: () => ({
      octokit: {
        request: (route: string, given?: unknown) => {
          reached.push(`${route} ${JSON.stringify(given)}`);
          return Promise.reject(new Error("unreachable"));
        },
      },
      token: () => Promise.reject(new Error("none")),
    }),
    findInstallation: () => Promise.resolve(null),
    botLogin: "enki[bot]",
    serverUrl: "http://127.0.0.1:9",
    root: directory,
    directory: join(directory, "clones"),
    timers: { now: () => 0, after: () => () => undefined },
    random: () => 0,
    nonce: () => "n",
    log: () => undefined,
    ledgerKeys: null,
    graceMs: 0,
    sweepIntervalMs: 300_000,
  });
  const probot = new Probot({ githubToken: "none", secret: SECRET, logLevel: "fatal" });
  await probot.auth();
  let handled: Promise<void> = Promise.resolve();
  const receiver = createWebhookReceiver({
    path: PATH,
    verify: (body, signature) => probot.webhooks.verify(body, signature),
    receive: (name, payload) => void (handled = service.receiveWebhook(name, payload)),
    after: (_, call) => {
      timers.push(call);
      return () => undefined;
    },
  });
  const server = await startHttpServer(receiver, { host: "127.0.0.1", port: 0 });
  onTestFinished(async () => {
    await Promise.all([service.close(), server.close()]);
    rmSync(directory, { recursive: true, force: true });
  });
  return { port: Number(new URL(server.url).port), reached, timers, handled: () => handled, written: () => readdirSync(directory) };
};

type Attempt = {
  readonly method?: string;
  readonly target?: string;
  /** Header lines besides `host`; null leaves the usual one out. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly body?: string | Buffer;
  /** Pieces of a chunked body that replaces `body`, without an end if `endless`. */
  readonly chunks?: Iterable<Buffer>;
  readonly endless?: boolean;
  /** Closes the sending side after the body. */
  readonly hangUp?: boolean;
};

const toHead = ({ method = "POST", target = PATH, headers = {}, body = "", chunks, hangUp = false }: Attempt): string => {
  const usual: Record<string, string | readonly string[] | null> = {
    "content-type": "application/json",
    "x-github-event": "issue_comment",
    "x-github-delivery": "1",
    "x-hub-signature-256": sign(body),
    ...(chunks ? { "transfer-encoding": "chunked" } : { "content-length": String(Buffer.byteLength(body)) }),
    ...(hangUp ? {} : { connection: "close" }),
    ...headers,
  };
  const lines = Object.entries(usual).flatMap(([name, value]) => (value === null ? [] : [value].flat().map((each) => `${name}: ${each}`)));
  return [`${method} ${target} HTTP/1.1`, "host: localhost", ...lines, "", ""].join("\r\n");
};

type Seen = { readonly status: number | null; readonly sent: number };

/** Sends an attempt; returns the answer's status, or null if the connection closed without an answer. */
const send = async (door: Awaited<ReturnType<typeof openDoor>>, attempt: Attempt): Promise<Seen> => {
  const socket = connect(door.port, "127.0.0.1");
  let answer = "";
  let sent = 0;
  let open = true;
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.on("close", () => (open = false)).on("error", () => (open = false));
  socket.on("data", (data) => (answer += data.toString("latin1")));
  socket.write(toHead(attempt));
  const { body = "", chunks } = attempt;
  const pieces = chunks ?? [Buffer.from(body)];
  for (const piece of pieces) {
    if (!open || answer !== "") break;
    const framed = chunks ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]) : piece;
    sent += piece.length;
    await new Promise<void>((resolve) => (open ? socket.write(framed, () => resolve()) : resolve()));
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (chunks && !attempt.endless && open) socket.write("0\r\n\r\n");
  if (attempt.hangUp) socket.end();
  // The clock advances only for an endless body.
  if (attempt.endless) await tickUntil(door, () => !open || answer !== "");
  await closed;
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(answer) ?? [];
  return { status: status === undefined ? null : Number(status), sent };
};

const tickUntil = async (door: Awaited<ReturnType<typeof openDoor>>, isOver: () => boolean): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
  if (isOver()) return;
  for (const fire of door.timers.splice(0)) fire();
  await tickUntil(door, isOver);
};

const CODES: Readonly<Record<string, string>> = {
  "400": "bad-request",
  "401": "wrong-signature",
  "404": "not-found",
  "408": "too-slow",
  "413": "too-large",
  "415": "not-json",
};

/** The attacker wants an event to reach the coordinator, an unlimited buffer, or a connection that stays open. */
const attack = async (attempt: Attempt) => {
  const door = await openDoor();
  const { status, sent } = await send(door, attempt);
  await door.handled();
  if (door.reached.length > 0) return { through: `the coordinator was woken: ${door.reached.join(", ")}` };
  if (sent > MAX_WEBHOOK_BYTES + 8_000_000) return { through: `the App read ${sent} bytes` };
  if (door.written().length > 0) return { through: `something was written: ${door.written().join(", ")}` };
  if (status === 200) return { stopped: "no-event" };
  const code = status === null ? "connection-closed" : CODES[String(status)];
  return code === undefined ? { through: `the App answered with ${status}` } : { stopped: code };
};

test("the same webhooks with GitHub's signature wake the coordinator", async () => {
  for (const [event, payload] of Object.entries(PAYLOADS)) {
    const end = await attack({ body: JSON.stringify(payload), headers: { "x-github-event": event } });
    expect(end).toEqual({ through: expect.stringContaining("the coordinator was woken") });
  }
});

const FORM = "application/x-www-form-urlencoded";

test("a webhook that GitHub sends as a form, which it signs as a whole, wakes the coordinator", async () => {
  for (const [event, payload] of Object.entries(PAYLOADS)) {
    const body = `payload=${encodeURIComponent(JSON.stringify(payload))}`;
    for (const type of [FORM, `${FORM}; charset=utf-8`]) {
      const end = await attack({ body, headers: { "x-github-event": event, "content-type": type } });
      expect(end).toEqual({ through: expect.stringContaining("the coordinator was woken") });
    }
  }
});

const FORGED: Readonly<Record<string, (body: string) => Readonly<Record<string, string | readonly string[] | null>>>> = {
  "no signature": () => ({ "x-hub-signature-256": null }),
  "an empty signature": () => ({ "x-hub-signature-256": "" }),
  "only the name of the algorithm": () => ({ "x-hub-signature-256": "sha256=" }),
  "only the SHA-1 header of earlier days": (body) => ({ "x-hub-signature-256": null, "x-hub-signature": sign(body, SECRET, "sha1") }),
  "a SHA-1 value in the SHA-256 header": (body) => ({ "x-hub-signature-256": sign(body, SECRET, "sha1") }),
  "a SHA-512 value": (body) => ({ "x-hub-signature-256": sign(body, SECRET, "sha512") }),
  "another secret": (body) => ({ "x-hub-signature-256": sign(body, "guess") }),
  "an empty secret": (body) => ({ "x-hub-signature-256": sign(body, "") }),
  "a plain hash without a secret": (body) => ({ "x-hub-signature-256": `sha256=${createHmac("sha256", "").update(body).digest("hex")}` }),
  "the secret itself": () => ({ "x-hub-signature-256": `sha256=${SECRET}` }),
  "half of the right value": (body) => ({ "x-hub-signature-256": sign(body).slice(0, 39) }),
  "the right value twice": (body) => ({ "x-hub-signature-256": [sign(body), sign(body)] }),
  "the right value in upper case": (body) => ({ "x-hub-signature-256": sign(body).toUpperCase() }),
  "the right value in base64": (body) => ({
    "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("base64")}`,
  }),
  "the right value of another body": (body) => ({ "x-hub-signature-256": sign(`${body} `) }),
  "the right value of the same JSON with other blanks": (body) => ({
    "x-hub-signature-256": sign(JSON.stringify(JSON.parse(body), null, 1)),
  }),
  "the right value of the body as UTF-16": (body) => ({ "x-hub-signature-256": sign(Buffer.from(body, "utf16le")) }),
  "a list of guesses": (body) => ({ "x-hub-signature-256": `${sign(body, "a")}, ${sign(body)}` }),
};

const forgeries = Object.entries(PAYLOADS).flatMap(([event, payload]) =>
  Object.entries(FORGED).map(([name, headers]) => {
    const body = JSON.stringify(payload);
    return [
      `forged ${event}: ${name}`,
      {
        body,
        headers: { "x-github-event": event, ...headers(body) },
        expected: name === "no signature" || name.startsWith("only the SHA-1") ? "bad-request" : "wrong-signature",
      },
    ] as const;
  }),
);

const mebibyte = Buffer.alloc(1024 * 1024, 97);
const repeat = function* (piece: Buffer, count: number): Generator<Buffer> {
  for (let at = 0; at < count; at += 1) yield piece;
};
const text = JSON.stringify(PAYLOADS.issue_comment);
const signed = (payload: unknown, over: Attempt = {}): Attempt => ({ body: JSON.stringify(payload), ...over });

const sizes: AttackVariants<Attempt> = {
  "one byte more than GitHub sends is announced": { headers: { "content-length": String(MAX_WEBHOOK_BYTES + 1) }, expected: "too-large" },
  "200 MB are announced": { headers: { "content-length": "200000000" }, chunks: repeat(mebibyte, 200) },
  "a length beyond exact numbers is announced": { headers: { "content-length": "99999999999999999" }, expected: "too-large" },
  "a negative length is announced": { headers: { "content-length": "-1" }, expected: "bad-request" },
  "a length in another notation is announced": { headers: { "content-length": "1e9" }, expected: "bad-request" },
  "a hexadecimal length is announced": { headers: { "content-length": "0x10" }, expected: "bad-request" },
  "two lengths are announced": { headers: { "content-length": ["5", String(text.length)] }, body: text, expected: "bad-request" },
  "a length and chunks are announced": {
    headers: { "content-length": "5" },
    chunks: repeat(Buffer.from(text), 1),
    expected: "bad-request",
  },
  "chunks without end, a mebibyte each": { chunks: repeat(mebibyte, 400), endless: true },
  "chunks that end beyond the limit": { chunks: repeat(mebibyte, 26) },
  "chunks that do not end, below the limit": { chunks: repeat(mebibyte, 3), endless: true, expected: "too-slow" },
  "a compressed body": { body: text, headers: { "content-encoding": "gzip", "x-hub-signature-256": sign(`${text}.`) } },
  "a body that never begins": { chunks: [], endless: true, expected: "too-slow" },
  "a body that stops halfway": {
    body: text.slice(0, 40),
    headers: { "content-length": String(text.length) },
    endless: true,
    expected: "too-slow",
  },
  "a connection that ends halfway": { body: text.slice(0, 40), headers: { "content-length": String(text.length) }, hangUp: true },
  "an unknown address with a body of 200 MB": { target: "/other", chunks: repeat(mebibyte, 200) },
};

const addresses: AttackVariants<Attempt> = Object.fromEntries(
  [
    ["GET", PATH],
    ["PUT", PATH],
    ["DELETE", PATH],
    ["POST", "/"],
    ["POST", "/api/github"],
    ["POST", `${PATH}/more`],
    ["POST", `/other/..${PATH}`],
    ["POST", PATH.toUpperCase()],
    ["POST", PATH.replace("webhooks", "%77ebhooks")],
    ["POST", `/${PATH}`],
    ["POST", `http://evil.example${PATH}`],
    ["OPTIONS", "*"],
    ["GET", "/.git/config"],
    ["GET", "/../../etc/passwd"],
    ["GET", "/probot"],
  ].map(([method = "", target = ""]) => [
    `${method} ${target}`,
    { ...signed(PAYLOADS.issue_comment), method, target, expected: "not-found" },
  ]),
);

const forms: AttackVariants<Attempt> = {
  "a form with the signature of its JSON": {
    body: `payload=${encodeURIComponent(text)}`,
    headers: { "content-type": FORM, "x-hub-signature-256": sign(text) },
    expected: "wrong-signature",
  },
  "a form without a payload": { body: `other=${encodeURIComponent(text)}`, headers: { "content-type": FORM }, expected: "bad-request" },
  "JSON as a form": { body: text, headers: { "content-type": FORM }, expected: "bad-request" },
  "JSON as plain text": { body: text, headers: { "content-type": "text/plain" }, expected: "not-json" },
  "JSON of an unnamed type": { body: text, headers: { "content-type": null }, expected: "not-json" },
  "a type that only begins like JSON": { body: text, headers: { "content-type": "application/json-seq" }, expected: "not-json" },
  "no event": { body: text, headers: { "x-github-event": null }, expected: "bad-request" },
  "an event with the name of an object's own": { body: text, headers: { "x-github-event": "__proto__" } },
  "the event constructor": { body: text, headers: { "x-github-event": "constructor" } },
  "two events": { body: text, headers: { "x-github-event": ["issue_comment", "issues"] } },
};

const strange: readonly (readonly [string, unknown])[] = [
  ["the number 7", 7],
  ["null", null],
  ["a text", "x"],
  ["true", true],
  ["a list of payloads", [PAYLOADS.issue_comment]],
  ["an empty object", {}],
  ["no installation", { ...PAYLOADS.issue_comment, installation: undefined }],
  ["an installation that is a text", { ...PAYLOADS.issue_comment, installation: { id: "1" } }],
  ["a repository that is a list", { ...PAYLOADS.issue_comment, repository: ["acme/app"] }],
  ...[
    "../../tmp/enki",
    "..",
    "../x",
    "acme/..",
    "acme/.",
    "./app",
    "acme/../app",
    "acme/app/../../../tmp",
    "acme/app/more",
    "/etc/passwd",
    "acme//app",
    "acme",
    "",
    "acme/",
    "/app",
    "acme/a\\..\\b",
    "acme/a\u0000b",
    "acme/a\nb",
    "acme/%2e%2e",
    "acme/app?x",
    "acme/app#x",
    "acme/app@{1}",
    "acme/app ",
    "--upload-pack=x/app",
    "-acme/app",
    "acme:x/app",
    "ac\u202eme/app",
    "acme/\u00e4pp",
    `acme/${"x".repeat(101)}`,
    `${"x".repeat(200)}/app`,
    "$(touch x)/app",
    "acme/`touch x`",
    "acme/~",
    "acme/app:evil.example",
  ].map(
    (name) =>
      [
        `a repository named ${JSON.stringify(name).slice(0, 40)}`,
        { ...PAYLOADS.issue_comment, ...repository({ full_name: name }) },
      ] as const,
  ),
  ["a repository's name that is a number", { ...PAYLOADS.issue_comment, ...repository({ full_name: 7 }) }],
  ["a comment without an author", { ...PAYLOADS.issue_comment, comment: { ...PAYLOADS.issue_comment.comment, user: null } }],
  ["a comment by a bot", { ...PAYLOADS.issue_comment, comment: { ...PAYLOADS.issue_comment.comment, user: { login: "x[bot]" } } }],
  ["a comment whose id is a text", { ...PAYLOADS.issue_comment, comment: { ...PAYLOADS.issue_comment.comment, id: "5" } }],
  ["a comment whose author is a text", { ...PAYLOADS.issue_comment, comment: { ...PAYLOADS.issue_comment.comment, user: "mona" } }],
  ["a comment on an issue without a number", { ...PAYLOADS.issue_comment, issue: {} }],
  ["a comment of an unknown date", { ...PAYLOADS.issue_comment, comment: { ...PAYLOADS.issue_comment.comment, created_at: "never" } }],
  ["a comment by Enki itself", { ...PAYLOADS.issue_comment, comment: { ...PAYLOADS.issue_comment.comment, user: { login: "enki[bot]" } } }],
];

const nested = `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;

attackFamily("webhooks", Object.fromEntries(forgeries), attack);
attackFamily("webhooks", sizes, attack);
attackFamily("webhooks", addresses, attack);
attackFamily("webhooks", forms, attack);
attackFamily("webhooks", Object.fromEntries(strange.map(([name, payload]) => [`signed: ${name}`, signed(payload)])), attack);
attackFamily(
  "webhooks",
  {
    "signed: lists nested 200,000 deep": { body: nested },
    "signed: the end is missing": { body: text.slice(0, -1), expected: "bad-request" },
    "signed: text after the object": { body: `${text}7`, expected: "bad-request" },
    "signed: bytes that are no UTF-8": { body: Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xfe])]) },
    "signed: a byte order mark first": { body: `\uFEFF${text}` },
    "signed: the prototype is replaced": { body: `{"__proto__":${text}}` },
  },
  attack,
);
