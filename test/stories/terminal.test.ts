import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { CLI } from "../support/cli.ts";
import { DEMO_LANDING, listLandedFiles } from "../../scripts/demo-landing.mjs";
import { makeRepository, openTerminal } from "../cli/stage.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const EXAMPLE = join(ROOT, "examples/upload-limit");
const LIMIT_MS = 120_000;

type Status = {
  readonly state: string;
  readonly steps: readonly { readonly id: string; readonly state: string; readonly attempt: number }[];
};

/** Opens a person's copy of the demo's repository with a local GitHub; the agent's first attempt at the documents fails. */
const openDemo = async () => {
  const terminal = openTerminal();
  const cwd = join(terminal.root, "upload-limit");
  cpSync(EXAMPLE, cwd, { recursive: true });
  for (const name of ["rehearsal.toml", "plays"]) rmSync(join(cwd, name), { recursive: true });
  const git = makeRepository(cwd, {});
  const play = join(terminal.root, "play.toml");
  const setback = readFileSync(join(ROOT, "test/fixtures/setback.toml"), "utf8");
  writeFileSync(play, `${readFileSync(join(EXAMPLE, "rehearsal.toml"), "utf8")}${setback}`);
  const local = terminal.start(["local", "--agent", `'${process.execPath}' '${CLI}' rehearse '${play}'`], { cwd });
  const [, bare = ""] = await local.prints(/git pull (\S+) main\n[^]*Ctrl\+C ends it/);
  const enki = (...args: string[]) => terminal.run(args, { cwd });
  const steps = async (): Promise<Status["steps"]> => (JSON.parse((await enki("status", "--json")).out) as Status[])[0]?.steps ?? [];
  return { enki, git, bare, cwd, steps };
};

test(
  "the demo's story, in the terminal only: approve, review a line, approve, retry; the same work lands as through comments",
  { timeout: 2 * LIMIT_MS },
  async () => {
    const { enki, git, bare, cwd, steps } = await openDemo();
    const until = (id: string, wanted: object): Promise<void> =>
      vi.waitFor(async () => expect((await steps()).find((step) => step.id === id)).toMatchObject(wanted), {
        timeout: LIMIT_MS,
        interval: 300,
      });
    expect((await enki("fix", "Users can't upload files larger than 1MB")).code).toBe(0);
    expect((await enki("watch", "--asks")).code).toBe(3);
    expect(await enki("approve", "--yes")).toMatchObject({ code: 0 });
    await until("fix_upload_limit", { state: "waiting", attempt: 1 });
    const line =
      1 +
      readFileSync(join(cwd, "nginx.conf"), "utf8")
        .split("\n")
        .findIndex((text) => text.includes("client_max_body_size"));
    expect(await enki("review", "fix_upload_limit", "--comment", `nginx.conf:${line}:Say what this must agree with.`)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Requested changes on local\/upload-limit#\d+\.\n$/) as unknown,
    });
    await until("fix_upload_limit", { state: "waiting", attempt: 2 });
    expect((await enki("approve", "fix_upload_limit")).code).toBe(0);
    await until("document_limit", { state: "failed" });
    expect((await enki("retry", "document_limit")).code).toBe(0);
    expect((await enki("watch")).code).toBe(0);
    const log = git("--git-dir", bare, "log", "--first-parent", "--format=%(trailers:key=Enki-Task,valueonly,separator=)", "main");
    const landed = log.split("\n").map((task) => task.slice(task.indexOf("-") + 1));
    expect(landed.toSorted()).toEqual(["document_limit", "fix_upload_limit", "test_upload"]);
    expect(listLandedFiles((...args) => git("--git-dir", bare, ...args))).toEqual(DEMO_LANDING);
  },
);
