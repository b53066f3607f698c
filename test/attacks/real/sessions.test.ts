import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findPreset } from "../../../src/job/agent/find-preset.ts";
import { parseKeptSession, readKeptSession, restoreSession } from "../../../src/job/agent/kept-session.ts";
import { type AttackEnd, attackFamily } from "../attack-family.ts";

const ID = "01a22ceb-071c-78b3-9a96-fb620597ae7a";
const MAX_CHARS = 5_000_000;

let cwd = "";
beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), "enki-sessions-")));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const toFound = (preset: "claude" | "codex" | "gemini") => findPreset({ preset, command: null, args: [], protocol: null });

type Written = { readonly path: string; readonly content: string };

/** Gives the text of a stored session to the next attempt of an agent; returns what is written to its home. */
const restore = async (
  text: string,
  over: { readonly preset?: "claude" | "codex" | "gemini"; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Written | null> => {
  const session = parseKeptSession(text);
  if (session === null) return null;
  const written: Written[] = [];
  const id = await restoreSession({
    session,
    found: toFound(over.preset ?? "codex"),
    env: { HOME: "/agent/home", ...over.env },
    home: "/agent/home",
    cwd,
    writeFile: (path, content) => Promise.resolve(void written.push({ path, content })),
  });
  return id === null ? null : (written[0] ?? null);
};

const toText = (over: object = {}): string =>
  JSON.stringify({ preset: "codex", id: ID, workspace: "/old", lines: '{"cwd":"/old"}\n', ...over });

test("a session as an agent left it is restored, so that only the hostile part stops the attacks", async () => {
  expect(await restore(toText())).toEqual({
    path: `/agent/home/.codex/sessions/2026/01/01/rollout-2026-01-01T00-00-00-${ID}.jsonl`,
    content: `{"cwd":"${cwd}"}\n`,
  });
});

type Forged = { readonly text: string; readonly preset?: "claude" | "codex" | "gemini"; readonly env?: Readonly<Record<string, string>> };
const FORGED: Readonly<Record<string, Forged>> = {
  ...Object.fromEntries(
    [
      "../../../../etc/cron.d/x",
      `${ID}/../../x`,
      "--last",
      "-c=model=x",
      "",
      "a",
      `${ID}\n`,
      `${ID}\0`,
      ` ${ID}`,
      ID.toUpperCase(),
      `${ID}${"0".repeat(64)}`,
      `.${ID}`,
      `${ID}.jsonl`,
      "constructor",
      "__proto__",
      `$(id)`,
      "aaaaaaaa%2f..%2fx",
    ].map((id) => [`its id is ${JSON.stringify(id).slice(0, 40)}`, { text: toText({ id }) }]),
  ),
  ...Object.fromEntries(
    [null, 7, true, ["a"], { a: 1 }].map((id) => [`its id is the value ${JSON.stringify(id)}`, { text: toText({ id }) }]),
  ),
  ...Object.fromEntries(
    ["opencode.", "../codex", "__proto__", "", 1, null].map((preset) => [
      `its agent is ${JSON.stringify(preset)}`,
      { text: toText({ preset }) },
    ]),
  ),
  "it is of another agent": { text: toText(), preset: "claude" },
  "it is of an agent whose sessions are not kept": { text: toText({ preset: "gemini" }), preset: "gemini" },
  "its working directory is relative": { text: toText({ workspace: "old" }) },
  "its working directory is empty": { text: toText({ workspace: "" }) },
  "its working directory closes the text around it": { text: toText({ workspace: '/old","a":"' }) },
  "its working directory has a backslash": { text: toText({ workspace: "/old\\" }) },
  "its working directory has a line end": { text: toText({ workspace: "/old\n" }) },
  "its working directory is the root, in a session of slashes": {
    text: toText({ workspace: "/", lines: `{"a":"${"/".repeat(1_000_000)}"}\n` }),
  },
  "its working directory is short, and the session full of it": {
    text: toText({ workspace: "/a", lines: `{"a":"${"/a".repeat(500_000)}"}\n` }),
  },
  "its lines are longer than a session": { text: toText({ lines: `{"a":"${"x".repeat(MAX_CHARS)}"}\n` }) },
  "its lines are no text": { text: toText({ lines: ["{}"] }) },
  "its lines are no JSON": { text: toText({ lines: "hello\n" }) },
  "its lines are half a line of JSON": { text: toText({ lines: '{"a":\n' }) },
  "its lines are nested too deeply": { text: toText({ lines: `${"[".repeat(100_000)}${"]".repeat(100_000)}\n` }) },
  "a line holds a credential": { text: toText({ lines: `{"a":"ghp_${"a1B2".repeat(9)}"}\n` }) },
  "a line holds a credential in escapes": { text: toText({ lines: `{"a":"\\u0067hp_${"a1B2".repeat(9)}"}\n` }) },
  "a key of a line is a credential": { text: toText({ lines: `{"ghp_${"a1B2".repeat(9)}":1}\n` }) },
  "it has a further field": { text: toText({ path: "/etc/passwd" }) },
  "it has a field of every object": { text: `{"__proto__":{"a":1},"preset":"codex","id":"${ID}","workspace":"/old","lines":"{}\\n"}` },
  "it has no working directory": { text: JSON.stringify({ preset: "codex", id: ID, lines: "{}\n" }) },
  "it is no object": { text: "[]" },
  "it is no JSON": { text: "preset: codex" },
  "it is empty": { text: "" },
  "it is JSON that is nested too deeply": { text: "[".repeat(1_000_000) },
  "its home is moved by a variable": { text: toText(), env: { CODEX_HOME: "/elsewhere" } },
  "its home is another one": { text: toText(), env: { HOME: "/elsewhere" } },
};

attackFamily("forged sessions of agents", FORGED, async ({ text, ...over }): Promise<AttackEnd> => {
  const written = await restore(text, over);
  return written === null ? { stopped: "not-restored" } : { through: `wrote ${written.content.length} characters to ${written.path}` };
});

const DAY = "2026/11/30";
const NAME = `rollout-2026-11-30T14-45-30-${ID}.jsonl`;
type Listing = { readonly files: readonly string[] };
const LISTINGS: Readonly<Record<string, Listing>> = Object.fromEntries(
  [
    `../../.ssh/${NAME}`,
    `/etc/${NAME}`,
    `${DAY}/../../../../../${NAME}`,
    `${DAY}/${NAME}/x`,
    `x/${NAME}`,
    NAME,
    `${DAY}/x/${NAME}`,
    `${DAY}/x${NAME}`,
    `${DAY}/${NAME}.bak`,
    `${DAY}/rollout-../../x-${ID}.jsonl`,
    `${DAY}/rollout-${ID}`,
    `${DAY}/rollout- -${ID}.jsonl`,
    `${DAY}/rollout-\u2025-${ID}.jsonl`,
    `${DAY}/${NAME.replace(ID, "01a22ceb-071c-78b3-9a96-000000000000")}`,
    `${DAY}/${NAME.toUpperCase()}`,
    `${DAY}/${NAME}\u0000`,
    `\u0662026/11/30/${NAME}`,
    "",
  ].map((path) => [`the only file is ${JSON.stringify(path)}`, { files: [path] }]),
);

attackFamily("files in the place of a session", LISTINGS, async ({ files }): Promise<AttackEnd> => {
  const read: string[] = [];
  const kept = await readKeptSession({
    found: toFound("codex"),
    env: { HOME: "/agent/home" },
    home: "/agent/home",
    cwd,
    end: { sessionId: ID, failure: { code: "quota" } },
    secrets: [],
    listFiles: () => Promise.resolve(files),
    readFile: (path) => {
      read.push(path);
      return Promise.resolve(Buffer.from("{}\n"));
    },
  });
  return kept === null && read.length === 0 ? { stopped: "no-session" } : { through: `read ${read.join()}` };
});
