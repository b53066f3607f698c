import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { StatusPages } from "./status-pages.ts";
import type { CoordinatorTimers } from "./repository-coordinator.ts";
import { parseJsonRecord } from "../core/domain/parse-json.ts";

export type WebhookReceiverOptions = {
  readonly path: string;
  /** Whether GitHub signed the body. */
  readonly verify: (body: string, signature: string) => Promise<boolean>;
  /** Handles a signed webhook. Not awaited, because GitHub waits only ten seconds. */
  readonly receive: (name: string, payload: object) => void;
  readonly after: CoordinatorTimers["after"];
  /** Other pages of the server; none by default. */
  readonly pages?: StatusPages;
  /** Answers requests to other paths; they do not exist by default. */
  readonly others?: RequestListener;
};

/** GitHub sends no larger payload (docs.github.com, "Webhook events and payloads"). */
export const MAX_WEBHOOK_BYTES = 25 * 1024 * 1024;
/** A form has up to three characters for a byte of its payload (RFC 3986, "Percent-Encoding"). */
const MAX_FORM_BYTES = 3 * MAX_WEBHOOK_BYTES + "payload=".length;
/** For all bodies together while their signatures are unknown. */
const MAX_PENDING_BYTES = 4 * MAX_WEBHOOK_BYTES;
/** Longer than GitHub waits for an answer. */
const WEBHOOK_BODY_TIMEOUT_MS = 20_000;

type Answer = { readonly status: number; readonly text: string };
type PendingBytes = { count: number };

const ACCEPTED: Answer = { status: 200, text: "ok" };
const TOO_LARGE: Answer = { status: 413, text: `a webhook has at most ${MAX_WEBHOOK_BYTES} bytes` };

/** Receives GitHub's webhooks: signed JSON objects, also in forms. The size of a body is limited before its signature is checked. */
export const createWebhookReceiver = (options: WebhookReceiverOptions): RequestListener => {
  const pending: PendingBytes = { count: 0 };
  return (request, response) => {
    const page = request.method === "GET" ? (options.pages?.answer(readPath(request.url)) ?? null) : null;
    if (page) return sendAnswer(request, response, page);
    if (options.others && readPath(request.url) !== options.path && hasNoBody(request)) return options.others(request, response);
    response.once("finish", () => {
      if (readPath(request.url) === options.path) options.pages?.countWebhook(response.statusCode);
    });
    void answerRequest(request, options, pending).then(
      (answer) => sendAnswer(request, response, answer),
      () => sendAnswer(request, response, { status: 500, text: "the webhook could not be received" }),
    );
  };
};

/** Closes the connection after a refusal: the rest of its body is not read. */
const sendAnswer = (request: IncomingMessage, response: ServerResponse, { status, text }: Answer): void => {
  const isRefused = status >= 400;
  response.writeHead(status, { "content-type": "text/plain", ...(isRefused && { connection: "close" }) });
  response.end(`${text}\n`, () => {
    if (isRefused) request.socket.destroySoon();
  });
};

const answerRequest = async (request: IncomingMessage, options: WebhookReceiverOptions, pending: PendingBytes): Promise<Answer> => {
  const name = request.headers["x-github-event"];
  const signature = request.headers["x-hub-signature-256"];
  if (request.method !== "POST" || readPath(request.url) !== options.path) return { status: 404, text: "there is nothing here" };
  const format = findPayloadFormat(request.headers["content-type"]);
  if (format === null) return { status: 415, text: "a webhook is application/json or application/x-www-form-urlencoded" };
  if (typeof name !== "string" || typeof signature !== "string")
    return { status: 400, text: "x-github-event or x-hub-signature-256 is missing" };
  if (Number(request.headers["content-length"] ?? 0) > format.maxBytes) return TOO_LARGE;
  const body = await readBody(request, { after: options.after, pending, maxBytes: format.maxBytes });
  if (typeof body !== "string") return body;
  if (!(await options.verify(body, signature).catch(() => false))) return { status: 401, text: "the signature does not match" };
  const text = format.readText(body);
  if (Buffer.byteLength(text) > MAX_WEBHOOK_BYTES) return TOO_LARGE;
  const payload = parseJsonRecord(text);
  if (payload === null) return { status: 400, text: "the payload is not a JSON object" };
  options.receive(name, payload);
  return ACCEPTED;
};

/** Nobody reads the bodies of other requests, so they are refused. */
const hasNoBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0;

const readPath = (url = ""): string => (url.split("?", 1)[0] ?? "").replace(/(?<=.)\/+$/, "");

type PayloadFormat = { readonly maxBytes: number; readonly readText: (body: string) => string };

/** How a body with this content type contains the payload; null for an unknown type. A form has the JSON in its field `payload`. */
const findPayloadFormat = (contentType = ""): PayloadFormat | null => {
  switch ((contentType.split(";", 1)[0] ?? "").trim().toLowerCase()) {
    case "application/json":
      return { maxBytes: MAX_WEBHOOK_BYTES, readText: (body) => body };
    case "application/x-www-form-urlencoded":
      return { maxBytes: MAX_FORM_BYTES, readText: (body) => new URLSearchParams(body).get("payload") ?? "" };
    default:
      return null;
  }
};

type BodyLimits = { readonly after: CoordinatorTimers["after"]; readonly pending: PendingBytes; readonly maxBytes: number };

/** Reads a body within limits of size and time. */
const readBody = (request: IncomingMessage, { after, pending, maxBytes }: BodyLimits): Promise<string | Answer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (end: string | Answer): void => {
      cancelTimer();
      request.off("data", take).off("end", complete).off("close", hangUp).pause();
      pending.count -= size;
      size = 0;
      resolve(end);
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      pending.count += chunk.length;
      if (size > maxBytes) finish(TOO_LARGE);
      else if (pending.count > MAX_PENDING_BYTES) finish({ status: 503, text: "too many webhooks at once" });
      else chunks.push(chunk);
    };
    const complete = (): void => finish(Buffer.concat(chunks).toString("utf8"));
    const hangUp = (): void => finish({ status: 400, text: "the body is not complete" });
    const cancelTimer = after(WEBHOOK_BODY_TIMEOUT_MS, () => finish({ status: 408, text: "the body took too long" }));
    request.on("data", take).on("end", complete).on("close", hangUp);
  });
