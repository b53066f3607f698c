import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect } from "vitest";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

type CallOptions = { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> };

/** An empty directory outside of the clone, for a person who has npm, git and nothing else, and the tarballs of a release and of the clone. */
export const usePackage = () => {
  const place = { outside: "", tarball: "", unreleased: "" };

  const call = (command: string, args: readonly string[], { cwd, env = {} }: CallOptions = {}): SpawnSyncReturns<string> => {
    const { outside } = place;
    return spawnSync(command, args, {
      cwd: cwd ?? join(outside, "work"),
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", HOME: join(outside, "home"), TMPDIR: outside, npm_config_update_notifier: "false", ...env },
    });
  };

  /** Runs npm without a network. */
  const npm = (args: readonly string[], cwd?: string): SpawnSyncReturns<string> =>
    call("npm", [...args, "--offline", "--no-audit", "--no-fund"], cwd === undefined ? {} : { cwd });

  /** Packs a directory into a tarball outside of the clone. */
  const pack = (directory: string): string => {
    const packed = npm(["pack", "--ignore-scripts", "--json", "--pack-destination", place.outside], directory);
    const output = JSON.parse(packed.stdout) as Record<string, { filename: string }>;
    return join(place.outside, Object.values(output)[0]?.filename ?? "");
  };

  beforeAll(() => {
    place.outside = realpathSync(mkdtempSync(join(tmpdir(), "enki-package-")));
    // Jobs may run as another user, who passes through a person's own directories.
    chmodSync(place.outside, 0o755);
    mkdirSync(join(place.outside, "home"));
    mkdirSync(join(place.outside, "work"));
    // A release differs from the clone only in its package.json, as in `release.yml`.
    const repository = join(place.outside, "released");
    place.unreleased = pack(ROOT);
    expect(call("tar", ["-xzf", place.unreleased, "-C", place.outside, "--transform", "s,^package,released,"]).status).toBe(0);
    expect(call(process.execPath, [join(ROOT, "scripts/release-manifest.mjs")], { cwd: repository }).status).toBe(0);
    place.tarball = pack(repository);
  });
  afterAll(() => rmSync(place.outside, { recursive: true, force: true }));

  return { place, call, npm };
};
