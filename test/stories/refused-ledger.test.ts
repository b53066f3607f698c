import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { Sha } from "../../src/core/domain/ids.ts";
import { LEDGER_REF, readRefusedRef, toRefusedRef } from "../../src/core/domain/refs.ts";
import { runLedgerCommand } from "../../src/cli/ledger-command.ts";
import { createSshKey } from "../../src/storage/git/ssh-key.ts";
import { readLedgerKeys } from "../../src/storage/ledger/ledger-keys.ts";
import { openClone } from "../../src/storage/git/repository-clone.ts";
import { after } from "../support/after.ts";
import { plan, step } from "../support/build.ts";
import { openStage, type OpenStage } from "./stage.ts";

/** Creates a person with write access, and a clone for writing the ledger. */
const openWriter = async (stage: OpenStage) => {
  const token = stage.forge.createUser("mallory");
  stage.forge.setPermission({ owner: stage.owner, name: stage.name }, { login: "mallory", role: "write" });
  const url = `${stage.forge.url}/${stage.owner}/${stage.name}.git`;
  const clone = await openClone({
    url,
    directory: `${stage.directory}/mallory.git`,
    token: () => Promise.resolve(token),
    identity: { name: "Enki", email: "enki@users.noreply.github.com" },
    after,
  });
  /** Pushes the ledger with changed states of executions; null deletes the ledger. */
  const push = async (change: ((state: Record<string, unknown>) => Record<string, unknown>) | null): Promise<Sha | null> => {
    await clone.fetch();
    const tip = (await clone.refs())[LEDGER_REF] ?? "";
    const files = await clone.readFiles(tip, (path) => path.endsWith("/state.json"));
    const changed = [...files].map(([path, text]) => {
      const state = JSON.parse(text.toString("utf8")) as Record<string, unknown>;
      return [path, { content: `${JSON.stringify(change?.(state) ?? state)}\n`, mode: "100644" as const }] as const;
    });
    const tree = await clone.writeFiles(tip, new Map(changed));
    const commit = change && (await clone.writeCommit({ tree, parents: [tip], message: "maintainer approved the plan", at: stage.now() }));
    expect((await clone.push([{ ref: LEDGER_REF, oldSha: tip, newSha: commit }])).kind).toBe("pushed");
    return commit;
  };
  return { push };
};

const listRefused = async (stage: OpenStage): Promise<string[]> =>
  (await stage.git("for-each-ref", "--format=%(refname)")).split("\n").flatMap((ref) => readRefusedRef(ref) ?? []);

test("a ledger that says “approved by maintainer” but was pushed by a person starts nothing, is told of once, and the last signed state is back", async () => {
  const worked: string[] = [];
  const stage = await openStage({
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind === "verify") return { verdict: "green" };
      worked.push(spec.step?.id ?? "");
      return { files: { "fix.txt": "done\n" } };
    },
  });
  const issue = await stage.ask();
  const line = await stage.planned(issue);
  const signed = await stage.git("rev-parse", LEDGER_REF);
  const writer = await openWriter(stage);
  const forged = await writer.push((state) => ({
    ...state,
    state: "running",
    approved: { plan: state["plan"], by: "maintainer", at: stage.now() },
    steps: { fix: { id: "fix", state: "ready", refusal: null, resumeAs: null, attempt: 0, faults: 0, notBefore: 0, deadline: null } },
  }));
  await stage.sweep();

  const told = await stage.until("a notice", async () => (await stage.said(issue)).find((body) => body.includes("enki:ledger:")));
  expect(
    told
      .replaceAll(/[0-9a-f]{40}/g, "<commit>")
      .replaceAll(/`[0-9a-f]{6}`/g, "`<execution>`")
      .split("\n")
      .slice(2),
  ).toMatchInlineSnapshot(`
    [
      "> [!WARNING]",
      "> **Somebody other than Enki wrote \`refs/enki/ledger\`**, which holds the state of execution \`<execution>\`. Enki ignored the change, restored its own last state and continues from there.",
      ">",
      "> Git does not record who it was, but only people with write access can do it. Their version is kept in \`refs/enki/refused/<commit>\`. Further attempts are only logged.",
    ]
  `);
  expect(told).toContain(toRefusedRef(forged ?? ""));
  expect(await listRefused(stage)).toEqual([forged]);
  await stage.git("merge-base", "--is-ancestor", signed, LEDGER_REF);
  await expect(stage.git("merge-base", "--is-ancestor", forged ?? "", LEDGER_REF)).rejects.toThrow();
  expect(stage.log.filter((each) => each.includes("was not changed by Enki"))).toHaveLength(1);
  expect(worked).toEqual([]);
  expect((await stage.said(issue, "execution"))[0]).toContain("A plan, for your approval");

  // Pushes again and restarts with another machine's clone: nothing starts, and nobody receives a second comment.
  await writer.push((state) => ({ ...state, state: "running", approved: { plan: state["plan"], by: "maintainer", at: stage.now() } }));
  await stage.sweep(await stage.startApp());
  expect(await listRefused(stage)).toHaveLength(2);
  expect((await stage.said(issue)).filter((body) => body.includes("enki:ledger:"))).toHaveLength(1);
  expect(worked).toEqual([]);

  await stage.maintainer.comment(issue, line);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix"]);
});

test("a ledger that was deleted while work ran is put back, and the work goes on", async () => {
  let stage: OpenStage | null = null;
  const opened = await openStage({
    isRemote: true,
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix"), step("next", { needs: ["fix"] })) };
      if (spec.kind === "verify") return { verdict: "green" };
      if (spec.step?.id === "next" && spec.attempt === 1) await stage?.git("update-ref", "-d", LEDGER_REF);
      return { files: { [`${spec.step?.id ?? ""}.txt`]: "done\n" } };
    },
  });
  stage = opened;
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toEqual(["fix", "next"]);
  expect(stage.log.filter((each) => each.includes("somebody deleted it"))).toHaveLength(1);
});

test("an unsigned ledger is named in the plan comment; with a key it is refused until a person signs exactly this state", async () => {
  const stage = await openStage({
    app: { ledgerKeys: null },
    script: (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      return spec.kind === "verify" ? { verdict: "green" } : { files: { "fix.txt": "done\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.shows(issue, /Enki's ledger is not signed here, so anyone with write access could change it\./);
  await stage.app.close();
  const pem = createSshKey(Buffer.alloc(32, 5)).secret?.export({ format: "pem", type: "pkcs8" }).toString() ?? "";
  const keys = readLedgerKeys(pem);
  if (!keys.ok) throw new Error(keys.refusal.code);
  const app = await stage.startApp({ ledgerKeys: keys.value });
  await stage.sweep(app).catch(() => undefined);
  await stage.until("a refusal", () =>
    Promise.resolve(stage.log.some((line) => line.includes("is not signed with a key that Enki knows"))),
  );

  const token = stage.forge.createUser("keeper");
  stage.forge.setPermission({ owner: stage.owner, name: stage.name }, { login: "keeper", role: "admin" });
  const url = `${stage.forge.url}/${stage.owner}/${stage.name}.git`;
  const tip = await stage.git("rev-parse", LEDGER_REF);
  const printed: string[] = [];
  const terminal = {
    env: { ENKI_LEDGER_KEY: pem, GITHUB_TOKEN: token },
    temporary: tmpdir(),
    after,
    now: stage.now,
    out: (text: string) => void printed.push(text),
  };
  const sign = (...args: string[]): Promise<number> => runLedgerCommand(["sign", url, ...args], terminal as never);
  expect(await sign()).toBe(1);
  expect(printed.join("")).toContain(`enki ledger sign ${url} ${tip}`);
  expect(await sign(tip)).toBe(0);
  expect(printed.join("")).not.toContain(pem.split("\n")[1]);
  await stage.maintainer.comment(issue, await stage.planned(issue));
  await stage.until("the work to land", async () => {
    await stage.sweep(app).catch(() => undefined);
    return (await stage.landed()).includes("fix");
  });
});

test("a verdict whose job read a ledger that a person had pushed lands nothing: the job runs again on Enki's own ledger", async () => {
  let writer: Awaited<ReturnType<typeof openWriter>> | null = null;
  const verified: number[] = [];
  const stage = await openStage({
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(step("fix")) };
      if (spec.kind !== "verify") return { files: { "fix.txt": "done\n" } };
      verified.push(spec.attempt);
      if (spec.attempt === 1) await writer?.push((state) => ({ ...state, request: "forged" }));
      return { verdict: "green" };
    },
  });
  writer = await openWriter(stage);
  const issue = await stage.ask();
  await stage.approve(issue);
  expect(await stage.shows(issue, /its job read a ledger that Enki did not write/)).toContain("Enki starts the job again.");
  await stage.sweepUntil("the work of the second verdict", async () => (await stage.landed()).includes("fix"), 5_000);
  expect(verified).toEqual([1, 2]);
});
