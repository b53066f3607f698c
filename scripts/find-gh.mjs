// Finds GitHub's command line `gh`, or unpacks Debian's package of it without an installation.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const OBTAIN_MS = 120_000;

const works = (command) => spawnSync(command, ["--version"], { encoding: "utf8" }).status === 0;

/** Returns the command, or the reason why there is none. `directory` receives the unpacked package. */
export const findGh = (directory) => {
  if (works("gh")) return { command: "gh" };
  const options = { cwd: directory, encoding: "utf8", timeout: OBTAIN_MS };
  const download = () => spawnSync("apt-get", ["download", "gh"], options).status === 0;
  // The list of packages can be missing or outdated.
  if (!download() && (spawnSync("apt-get", ["update"], options).status !== 0 || !download()))
    return { command: null, reason: "gh is not installed, and Debian's package of it cannot be obtained here" };
  const file = readdirSync(directory).find((name) => /^gh_.*\.deb$/.test(name)) ?? "";
  spawnSync("dpkg", ["-x", file, "gh-package"], options);
  const command = join(directory, "gh-package/usr/bin/gh");
  return works(command) ? { command } : { command: null, reason: "Debian's package of gh does not run here" };
};

/** Environment in which `gh` talks to a local GitHub: `gh` uses HTTP for the host `github.localhost`, and the local GitHub acts as its proxy. */
export const ghEnvironment = ({ url, token, directory }) => ({
  GH_HOST: "github.localhost",
  HTTP_PROXY: url,
  GH_TOKEN: token,
  GH_CONFIG_DIR: join(directory, "gh-config"),
  GH_NO_UPDATE_NOTIFIER: "1",
  GH_PROMPT_DISABLED: "1",
  NO_COLOR: "1",
});
