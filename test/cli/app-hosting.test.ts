import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { expect, test } from "vitest";
import { APP_VARIABLES, appOptions } from "../../src/cli/app-command.ts";
import { SUBCOMMANDS } from "../../src/cli/subcommands.ts";
import { PRODUCT } from "../../src/core/domain/product.ts";
import { createStatusPages } from "../../src/coordinator/status-pages.ts";
import { openTerminal } from "./stage.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const DOCKERFILE = read("examples/app/Dockerfile");
const UNIT = read("examples/app/enki.service");
const PACKAGE = parse(read("package.json")) as { bin: Record<string, string>; files: string[]; engines: { node: string } };

/** Returns the last instruction of this name in the Dockerfile. */
const instruction = (name: string): string => [...DOCKERFILE.matchAll(new RegExp(`^${name} (.*)$`, "gm"))].at(-1)?.[1] ?? "";
const list = (text: string): string[] => JSON.parse(text) as string[];
const COMMAND = [...list(instruction("ENTRYPOINT")), ...list(instruction("CMD"))];
/** The command looks up `enki` in the path of a service. */
const EXEC_START = (/^ExecStart=\/usr\/bin\/env (.*)$/m.exec(UNIT)?.[1] ?? "").split(" ");
const setting = (name: string): string => new RegExp(`^${name}=(.*)$`, "m").exec(UNIT)?.[1] ?? "";

const readOption = (words: readonly string[], name: keyof typeof appOptions): string => words[words.indexOf(`--${name}`) + 1] ?? "";

test.each([
  ["the Dockerfile", COMMAND],
  ["the unit", EXEC_START],
])("%s calls a command of the package with options that exist", (_, [program = "", subcommand = "", ...words]) => {
  expect(Object.keys(PACKAGE.bin)).toContain(program);
  expect(SUBCOMMANDS.has(subcommand)).toBe(true);
  const options = words.filter((word) => word.startsWith("--")).map((word) => word.slice(2));
  expect(options.filter((name) => !(name in appOptions))).toEqual([]);
  expect(readOption(words, "port")).toBe(appOptions.port.default);
});

test("the container exposes and checks the App's port, and writes only to its volume", () => {
  const port = readOption(COMMAND, "port");
  expect(instruction("EXPOSE")).toBe(port);
  const [, checked = "", path = ""] = /http:\/\/127\.0\.0\.1:(\d+)(\/\w+)/.exec(instruction("HEALTHCHECK")) ?? [];
  expect(checked).toBe(port);
  expect(createStatusPages({ isReady: () => false, startedAt: 0, now: () => 0 }).answer(path)?.status).toBe(200);
  const [volume = ""] = list(instruction("VOLUME"));
  for (const option of ["directory", "credentials"] as const) expect(readOption(COMMAND, option)).toMatch(new RegExp(`^${volume}/`));
  expect(instruction("ENV")).toContain(` HOME=${volume} `);
  expect(Number(instruction("USER").split(":")[0])).toBeGreaterThan(0);
  expect(instruction("STOPSIGNAL")).toBe("SIGTERM");
  expect(DOCKERFILE).toMatch(/^ {2}&& apt-get install .*\bgit\b/m);
});

test("the unit's directories are those that systemd makes, and the unit has no right that the App does not need", () => {
  expect(readOption(EXEC_START, "directory")).toBe("${CACHE_DIRECTORY}");
  expect(readOption(EXEC_START, "credentials")).toBe("${STATE_DIRECTORY}/app.json");
  expect([setting("StateDirectory"), setting("CacheDirectory")]).toEqual(["enki", "enki"]);
  for (const name of ["DynamicUser", "NoNewPrivileges", "PrivateTmp"]) expect([name, setting(name)]).toEqual([name, "yes"]);
  expect(setting("ProtectSystem")).toBe("strict");
  expect(setting("CapabilityBoundingSet")).toBe("");
  expect(setting("Documentation")).toContain(`github.com/${PRODUCT.owner}/${PRODUCT.repository}/`);
});

test.each([
  ["the Dockerfile", DOCKERFILE],
  ["the unit", UNIT],
])("%s names variables of an App that enki app reads, and the package holds the file", (_, text) => {
  const named = [...text.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name).filter((name) => /APP|KEY|SECRET/.test(name));
  expect(named.length).toBeGreaterThan(2);
  expect(named.filter((name) => !APP_VARIABLES.some((known) => known === name))).toEqual([]);
  expect(PACKAGE.files).toContain("examples");
});

test("the container's command waits for its App, is healthy meanwhile, and stops with 0", async () => {
  const { root, start } = openTerminal();
  const volume = join(root, "volume");
  mkdirSync(volume);
  const words = COMMAND.slice(1).map((word) =>
    word === readOption(COMMAND, "port") ? "0" : word.replace(list(instruction("VOLUME"))[0] ?? "", volume),
  );
  const app = start([...words, "--host", "127.0.0.1"]);
  const [, port = ""] = await app.prints(/listens at http:\/\/[^:]+:(\d+)/);
  const [program = "", ...args] = list(/CMD (\[.*\])$/.exec(instruction("HEALTHCHECK"))?.[1] ?? "[]");
  const check = (at: string) =>
    promisify(execFile)(
      program,
      args.map((word) => word.replace(`:${readOption(COMMAND, "port")}/`, `:${at}/`)),
    );
  await check(port);
  app.signal("SIGTERM");
  expect((await app.ended).code).toBe(0);
  await expect(check(port)).rejects.toMatchObject({ code: 1 });
});
