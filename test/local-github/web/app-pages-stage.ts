import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { appKey } from "../../support/app-key.ts";
import { startReplaceableServer } from "../../../src/coordinator/http-server.ts";
import { createWebhookReceiver } from "../../../src/coordinator/webhook-receiver.ts";
import type { Ledger } from "../../../src/core/domain/ledger.ts";
import { openOctokit } from "../../../src/github/open-octokit.ts";
import { openLoginPort, openViewerPort } from "../../../src/github/viewer-ports.ts";
import type { ForgeOptions } from "../../../src/local-github/api/start-forge.ts";
import { createAppPages } from "../../../src/local-github/web/app-pages.ts";
import { step, stepIn } from "../../support/build.ts";
import { after } from "../../support/after.ts";
import { MANIFEST } from "../../support/manifest.ts";
import { openViewerBrowser, type ViewerBrowser } from "../../support/viewer-browser.ts";
import { NAMED, openStage } from "../api/stage.ts";
import { filesOf, ledgerOf } from "./ledgers.ts";

const LEDGER = ledgerOf([step("proxy"), step("docs", { needs: ["proxy"] })], [stepIn("proxy", "running"), stepIn("docs", "pending")]);

export type AppPagesOptions = {
  readonly ledger?: Ledger;
  readonly faults?: ForgeOptions["faults"];
  /** Replaces the origin of the server. */
  readonly publicUrl?: string;
};

/**
 * Opens a GitHub with the public repository `octo/demo` and the private `octo/secret`, both with a ledger, and the pages of an App installed at
 * `octo`.
 */
export const openAppPages = async ({ ledger = LEDGER, faults, publicUrl }: AppPagesOptions = {}) => {
  const requests: string[] = [];
  const stage = await openStage(
    { "a.txt": "a\n" },
    { now: () => new Date().getTime(), ...(faults && { faults }), observe: ({ path }) => void requests.push(path) },
  );
  const { forge } = stage;
  await stage.createFirst({ owner: "octo", name: "secret" }, { private: true });
  await stage.createFirst({ owner: "octo", name: "idle" });
  await stage.createFirst({ owner: "elsewhere", name: "secret" }, { private: true });
  await stage.git("checkout", "-q", "--orphan", "ledger");
  await stage.git("rm", "-rfq", ".");
  await stage.commit(filesOf(ledger));
  const secret = stage.remote(stage.owner).replace("/demo.git", "/secret.git");
  const elsewhere = stage.remote(forge.createUser("elsewhere")).replace("/octo/demo.git", "/elsewhere/secret.git");
  for (const remote of [stage.remote(stage.owner), secret, elsewhere]) await stage.git("push", "-q", remote, "HEAD:refs/enki/ledger");
  const server = await startReplaceableServer((_, response) => void response.end(), { host: "127.0.0.1", port: 0 });
  const origin = publicUrl ?? server.url;
  const app = await forge.createApp({
    privateKeyPem: appKey(),
    name: "enki",
    secret: "s",
    ...MANIFEST,
    owners: ["octo"],
    callbackUrls: [`${origin}/login/callback`],
  });
  let skew = 0;
  const timers = { now: () => new Date().getTime() + skew, after };
  const anonymous = openOctokit(null, forge.apiUrl);
  const log: string[] = [];
  const coordinated = new Set(["octo/demo", "octo/secret", "elsewhere/secret"]);
  const pages = createAppPages({
    publicUrl: origin,
    serverUrl: forge.url,
    github: {
      ...openViewerPort(anonymous, timers),
      ...openLoginPort(anonymous, { ...app.client, serverUrl: forge.url }, timers),
    },
    findClone: ({ name }) => Promise.resolve(coordinated.has(name) ? join(stage.root, "forge", `${name}.git`) : null),
    ...timers,
    newSecret: () => randomBytes(32).toString("base64url"),
    log: (line) => void log.push(line),
  });
  server.replace(
    createWebhookReceiver({
      path: "/api/github/webhooks",
      verify: () => Promise.resolve(false),
      receive: () => undefined,
      after,
      others: pages,
    }),
  );
  onTestFinished(async () => {
    await server.close();
    await stage.close();
  });
  const person = async (login: string): Promise<ViewerBrowser> => {
    const browser = openViewerBrowser(server.url);
    await browser.visit(forge.signIn(forge.createUser(login), "/"));
    return browser;
  };
  return {
    ...stage,
    requests,
    server,
    app,
    log,
    coordinated,
    later: (ms: number): void => void (skew += ms),
    /** A browser of a person with a login on GitHub. */
    person,
    /** Returns a browser that is also logged in on the pages. */
    viewer: async (login: string, role: "read" | "none" = "none"): Promise<ViewerBrowser> => {
      if (role !== "none") forge.setPermission({ ...NAMED, name: "secret" }, { login, role });
      const browser = await person(login);
      await browser.logIn();
      return browser;
    },
  };
};
