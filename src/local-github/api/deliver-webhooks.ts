import type { ForgeState, WebhookDelivery } from "./forge-state.ts";
import type { ForgeRepository } from "./forge-repository.ts";
import type { WebhookEvent, EventPayload } from "./webhook-event.ts";
import { repositoryEventShape } from "./repository-shape.ts";
import { accountShape } from "./account-shape.ts";
import type { GitHubApp } from "./forge-actor.ts";
import { createHmac } from "node:crypto";
import { ensureInstallation, createGuid } from "./access-tokens.ts";
import { nodeId } from "./api-urls.ts";

const WEBHOOK_TIMEOUT_MS = 10_000;
/** What every payload has, before its own. */
export const composeEventPayload = (forge: ForgeState, repository: ForgeRepository, happening: WebhookEvent): EventPayload => ({
  ...happening.payload,
  repository: repositoryEventShape(forge, repository),
  sender: accountShape(forge, happening.by),
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
    // Nobody there, or too slow: GitHub does not try again either.
    delivery.status = null;
  } finally {
    cancel();
  }
};
const sendDelivery = async (forge: ForgeState, app: GitHubApp, delivery: WebhookDelivery): Promise<void> => {
  const times = forge.faults.deliveries?.(delivery) ?? 1;
  for (let time = 0; time < times; time += 1) await postWebhook(forge, app, delivery);
};
/** Sends an event to every App with a webhook that subscribes to it, one after the other in the order of the events, never twice by itself. */
export const deliverWebhooks = (forge: ForgeState, repository: ForgeRepository, happening: WebhookEvent): void => {
  const payload = composeEventPayload(forge, repository, happening);
  for (const app of forge.apps) {
    if (app.webhookUrl === null || app.events?.includes(happening.event) === false) continue;
    const id = ensureInstallation(forge, app, repository.owner.login);
    const installation = { id, node_id: nodeId("Installation", id) };
    // As it is now: what happens while it waits is not in it.
    const delivery: WebhookDelivery = {
      id: createGuid(forge),
      event: happening.event,
      payload: structuredClone({ ...payload, installation }),
      status: null,
    };
    forge.deliveries.push(delivery);
    void forge.background.runInOrder(`webhooks of ${app.id}`, () => sendDelivery(forge, app, delivery));
  }
};
