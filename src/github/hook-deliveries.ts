import { z } from "zod";
import type { HookDelivery } from "../core/events/choose-redeliveries.ts";
import type { Millis } from "../core/domain/ids.ts";
import { classifyFault, readHeader, readThrownAnswer } from "./classify-fault.ts";
import type { GitHubFailure } from "./github-ports.ts";
import type { GitHubAnswer, GitHubRequester } from "./open-octokit.ts";

/** A page of an App's deliveries, newest first. */
type DeliveryPage = {
  readonly deliveries: readonly HookDelivery[];
  /** The cursor of the next page; null for the last one. */
  readonly next: string | null;
  /** The number of requests that GitHub still accepts in this hour; null if GitHub does not say. */
  readonly remaining: number | null;
};
type DeliveryReply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: GitHubFailure };

/** GitHub's records of the webhooks that it sent to the App. */
export type HookDeliveryPort = {
  readonly list: (cursor: string | null) => Promise<DeliveryReply<DeliveryPage>>;
  readonly redeliver: (id: number) => Promise<DeliveryReply<null>>;
};

const MAX_PER_PAGE = 100;
const deliveryListSchema = z.array(z.object({ id: z.number(), guid: z.string(), delivered_at: z.string(), status_code: z.number() }));

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** The cursor in the address of the next page. */
const readNextCursor = (answer: GitHubAnswer): string | null => {
  const [, address = ""] = /<([^>]*)>; *rel="next"/.exec(readHeader(answer, "link") ?? "") ?? [];
  return URL.parse(address)?.searchParams.get("cursor") ?? null;
};

const readPage = (answer: GitHubAnswer): DeliveryPage => {
  const remaining = Number(readHeader(answer, "x-ratelimit-remaining") ?? Number.NaN);
  return {
    deliveries: deliveryListSchema.parse(answer.data).map(({ id, guid, delivered_at, status_code }) => ({
      id,
      guid,
      at: Date.parse(delivered_at),
      isDelivered: isSuccess(status_code),
    })),
    next: readNextCursor(answer),
    remaining: Number.isNaN(remaining) ? null : remaining,
  };
};

/** Opens the deliveries of the App that the requester authenticates as. */
export const openHookDeliveries = (asApp: GitHubRequester, clock: () => Millis): HookDeliveryPort => {
  const send = async <T>(request: () => Promise<GitHubAnswer>, read: (answer: GitHubAnswer) => T): Promise<DeliveryReply<T>> => {
    try {
      return { ok: true, value: read(await request()) };
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      return { ok: false, failure: classifyFault(readThrownAnswer(error), words, { now: clock(), faults: 0 }).failure };
    }
  };
  return {
    list: (cursor) =>
      send(() => asApp.request("GET /app/hook/deliveries", { per_page: MAX_PER_PAGE, ...(cursor !== null && { cursor }) }), readPage),
    redeliver: (id) =>
      send(
        () => asApp.request("POST /app/hook/deliveries/{delivery_id}/attempts", { delivery_id: id }),
        () => null,
      ),
  };
};
