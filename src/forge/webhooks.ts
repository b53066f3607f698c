import { createHmac } from "node:crypto";
import { account } from "./account-shape.ts";
import { nodeId } from "./addresses.ts";
import { toldRepository } from "./repository-shape.ts";
import { type Account, type App, type Delivery, type Forge, type Repository } from "./state.ts";
import { guid, installationOf } from "./tokens.ts";

const TIME_OUT = 10_000;

export type Payload = Readonly<Record<string, unknown>>;
/** Something that happened: an event's name, what its payload says beside the repository, and who caused it. */
export type Happening = { readonly event: string; readonly payload: Payload; readonly by: Account };

/** What every payload has, before its own. */
export const payloadOf = (forge: Forge, repository: Repository, happening: Happening): Payload => ({
  ...happening.payload,
  repository: toldRepository(forge, repository),
  sender: account(forge, happening.by),
});

const post = async (forge: Forge, app: App, delivery: Delivery): Promise<void> => {
  if (app.webhookUrl === null) return;
  const body = JSON.stringify(delivery.payload);
  const stop = new AbortController();
  const cancel = forge.after(TIME_OUT, () => stop.abort());
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

const send = async (forge: Forge, app: App, delivery: Delivery): Promise<void> => {
  const times = forge.faults.deliveries?.(delivery) ?? 1;
  for (let time = 0; time < times; time += 1) await post(forge, app, delivery);
};

/** Sends an event to every App with a webhook that subscribes to it, one after the other in the order of the events, never twice by itself. */
export const deliver = (forge: Forge, repository: Repository, happening: Happening): void => {
  const payload = payloadOf(forge, repository, happening);
  for (const app of forge.apps) {
    if (app.webhookUrl === null || app.events?.includes(happening.event) === false) continue;
    const id = installationOf(forge, app, repository.owner.login);
    const installation = { id, node_id: nodeId("Installation", id) };
    // As it is now: what happens while it waits is not in it.
    const delivery: Delivery = {
      id: guid(forge),
      event: happening.event,
      payload: structuredClone({ ...payload, installation }),
      status: null,
    };
    forge.deliveries.push(delivery);
    void forge.work.inTurn(`webhooks of ${app.id}`, () => send(forge, app, delivery));
  }
};
