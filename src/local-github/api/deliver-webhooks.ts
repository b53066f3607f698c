import type { ForgeState, WebhookDelivery } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { WebhookEvent, EventPayload } from "./webhook-event.ts";
import { repositoryEventShape } from "./repository-shape.ts";
import { accountShape } from "./account-shape.ts";
import type { GitHubApp } from "./forge-actor.ts";
import { createHmac } from "node:crypto";
import { ensureInstallation, createGuid, isInstalledAt } from "./access-tokens.ts";
import { nodeId } from "./api-urls.ts";

const WEBHOOK_TIMEOUT_MS = 10_000;
/** Adds the fields that every payload contains. */
export const composeEventPayload = (forge: ForgeState, repository: ForgeRepository, event: WebhookEvent): EventPayload => ({
  ...event.payload,
  repository: repositoryEventShape(forge, repository),
  sender: accountShape(forge, event.by),
});
const postWebhook = async (forge: ForgeState, app: GitHubApp, delivery: WebhookDelivery): Promise<void> => {
  if (app.webhookUrl === null) return;
  const body = JSON.stringify(delivery.payload);
  const stop = new AbortController();
  const cancel = forge.after(WEBHOOK_TIMEOUT_MS, () => stop.abort());
  try {
    const answer = await fetch(app.webhookUrl, {
      method: "POST",
      body,
      signal: stop.signal,
      headers: {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/forge",
        "x-github-delivery": delivery.id,
        "x-github-event": delivery.event,
        "x-github-hook-id": String(app.id),
        "x-github-hook-installation-target-id": String(app.id),
        "x-github-hook-installation-target-type": "integration",
        "x-hub-signature-256": `sha256=${createHmac("sha256", app.secret).update(body).digest("hex")}`,
      },
    });
    delivery.status = answer.status;
    await answer.arrayBuffer();
  } catch {
    // No answer in time. GitHub does not retry either.
    delivery.status = null;
  } finally {
    cancel();
  }
};
const sendDelivery = async (forge: ForgeState, app: GitHubApp, delivery: WebhookDelivery): Promise<void> => {
  const copies = forge.faults.deliveries?.(delivery) ?? 1;
  for (let sent = 0; sent < copies; sent += 1) await postWebhook(forge, app, delivery);
  delivery.isOver = true;
};

/** Queues a delivery behind the App's earlier ones. */
const queueDelivery = (
  forge: ForgeState,
  app: GitHubApp,
  { id, event, payload, isRedelivery }: Pick<WebhookDelivery, "id" | "event" | "payload" | "isRedelivery">,
): void => {
  const delivery: WebhookDelivery = {
    id,
    event,
    payload,
    isRedelivery,
    number: forge.deliveries.length + 1,
    app: app.id,
    at: forge.now(),
    status: null,
    isOver: false,
  };
  forge.deliveries.push(delivery);
  void forge.background.runInOrder(`webhooks of ${app.id}`, () => sendDelivery(forge, app, delivery));
};

/** Sends an event again, with the GUID and the payload of an earlier delivery. */
export const repeatDelivery = (forge: ForgeState, app: GitHubApp, { id, event, payload }: WebhookDelivery): void =>
  queueDelivery(forge, app, { id, event, payload, isRedelivery: true });

/**
 * Sends an event to every App that subscribes to it, in the order of the events. Failed deliveries are not repeated,
 * as on GitHub.
 */
export const deliverWebhooks = (forge: ForgeState, repository: ForgeRepository, event: WebhookEvent): void => {
  const payload = composeEventPayload(forge, repository, event);
  for (const app of forge.apps) {
    if (app.webhookUrl === null || app.events?.includes(event.event) === false) continue;
    if (!isInstalledAt(app, repository.owner.login)) continue;
    const id = ensureInstallation(forge, app, repository.owner.login);
    const installation = { id, node_id: nodeId("Installation", id) };
    // Copy the payload: a change after the event must not appear in a delivery that waits.
    queueDelivery(forge, app, {
      id: createGuid(forge),
      event: event.event,
      payload: structuredClone({ ...payload, installation }),
      isRedelivery: false,
    });
  }
};
