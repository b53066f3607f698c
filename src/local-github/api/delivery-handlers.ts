import type { Context } from "hono";
import { z } from "zod";
import { type ApiReply, DEFAULT_PAGE_ITEMS, MAX_PAGE_ITEMS, readPositiveInteger } from "./api-call.ts";
import { ApiRefusal, notFoundRefusal } from "./api-refusal.ts";
import { type ApiJson, formatTimestamp } from "./api-urls.ts";
import { readLinkOrigin } from "./client-host.ts";
import { repeatDelivery } from "./deliver-webhooks.ts";
import type { GitHubApp } from "./forge-actor.ts";
import type { ForgeState, WebhookDelivery } from "./forge-state.ts";
import { DAY_MS } from "../../core/domain/durations.ts";

/** GitHub keeps deliveries for three days. */
const RETENTION_MS = 3 * DAY_MS;
/** GitHub's status of a delivery without a server. */
const NOT_CONNECTED = { status: "failed to connect", status_code: 502 };
const CURSOR = /^v1_(\d{1,12})$/;

const idOfSchema = z.object({ id: z.number() });
const readId = (value: unknown): number | null => idOfSchema.safeParse(value).data?.id ?? null;

const describeStatus = (status: number | null): { readonly status: string; readonly status_code: number } => {
  if (status === null) return NOT_CONNECTED;
  return { status: status < 300 ? "OK" : `Invalid HTTP Response: ${status}`, status_code: status };
};

const deliveryShape = ({ number, id, at, isRedelivery, status, event, payload }: WebhookDelivery): ApiJson => ({
  id: number,
  guid: id,
  delivered_at: formatTimestamp(at),
  redelivery: isRedelivery,
  duration: 0,
  ...describeStatus(status),
  event,
  action: payload["action"] ?? null,
  installation_id: readId(payload["installation"]),
  repository_id: readId(payload["repository"]),
  throttled_at: null,
});

const listKept = (forge: ForgeState, app: GitHubApp): WebhookDelivery[] =>
  forge.deliveries.filter((each) => each.app === app.id && each.isOver && each.at > forge.now() - RETENTION_MS);

const hasStatus = (delivery: WebhookDelivery, wanted: string | undefined): boolean =>
  wanted === undefined || (describeStatus(delivery.status).status === "OK") === (wanted === "success");

/** Lists finished deliveries, newest first. A cursor names the first delivery of the page. */
export const listDeliveries = (forge: ForgeState, app: GitHubApp, context: Context): ApiReply => {
  const { cursor, per_page: size, status } = context.req.query();
  const [, from] = cursor === undefined ? [] : (CURSOR.exec(cursor) ?? []);
  if (cursor !== undefined && from === undefined) throw new ApiRefusal(400, "Invalid cursor");
  const limit = Math.min(MAX_PAGE_ITEMS, readPositiveInteger(size, DEFAULT_PAGE_ITEMS));
  const found = listKept(forge, app)
    .toReversed()
    .filter((each) => hasStatus(each, status) && (from === undefined || each.number <= Number(from)));
  const next = found[limit];
  const url = new URL(context.req.url);
  url.searchParams.set("cursor", `v1_${next?.number}`);
  const link = `<${readLinkOrigin(context.req.url, forge.url)}${url.pathname}${url.search}>; rel="next"`;
  return { status: 200, body: found.slice(0, limit).map(deliveryShape), ...(next && { headers: { link } }) };
};

/** Redelivers an event; GitHub answers before the delivery. */
export const redeliver = (forge: ForgeState, app: GitHubApp, id: string): ApiReply => {
  const delivery = listKept(forge, app).find(({ number }) => String(number) === id);
  if (!delivery) throw notFoundRefusal();
  repeatDelivery(forge, app, delivery);
  return { status: 202, body: {} };
};
