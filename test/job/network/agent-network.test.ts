import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { readConfig } from "../../../src/core/config/read-config.ts";
import type { JobSpec } from "../../../src/job/job-spec.ts";
import { findNetworkLimit } from "../../../src/job/network/find-network-limit.ts";
import { runAgentJob } from "../../../src/job/run-agent-job.ts";
import { after } from "../../support/after.ts";
import { hasNamespaces } from "../../support/namespaces.ts";
import { openModelServer } from "../proxy/model-server.ts";
import { ID, openJobs } from "../stage.ts";

const AGENT = fileURLToPath(new URL("../../fixtures/agent.mjs", import.meta.url));
const KEY = ["a", "key", "of", "a", "model"].join("-");

const DEFAULTS = readConfig([]).config.policy;

let open: Awaited<ReturnType<typeof openJobs>> | null = null;
afterEach(() => open?.repo.close());

const readSpec = (path: string): JobSpec => JSON.parse(readFileSync(path, "utf8")) as JobSpec;

describe("the limit of an agent's network", () => {
  const limit = async (url: string, policy: readonly string[] | null, files: Record<string, string> = {}) => {
    open = await openJobs({ files });
    const at = { directory: open.repo.url, after };
    return findNetworkLimit(at, { policy: { ...DEFAULTS, ...(policy && { network: policy }) }, url, commit: open.base });
  };
  const SERVER = "https://github.example/acme/widgets.git";

  test("in Actions is by default the registries of the repository's languages", async () => {
    expect(await limit(SERVER, null, { "web/package.json": "{}", "go.mod": "module x" })).toEqual({
      network: expect.arrayContaining(["registry.npmjs.org", "proxy.golang.org"]),
    });
  });

  test.each(["http://127.0.0.1:4000/acme/widgets.git", "http://localhost/acme/widgets.git", "/srv/widgets.git"])(
    "on a person's machine (%s) is by default none",
    async (url) => {
      expect(await limit(url, null)).toEqual({});
    },
  );

  test("is what the policy says, wherever the job runs", async () => {
    expect(await limit(SERVER, ["*"])).toEqual({});
    open?.repo.close();
    expect(await limit("/srv/widgets.git", [])).toEqual({ network: [] });
    open?.repo.close();
    expect(await limit("/srv/widgets.git", ["packages", "docs.example.com"])).toEqual({ network: ["docs.example.com"] });
  });

  test("is the default branch's, not that of the commit on which an agent works", async () => {
    open = await openJobs({ network: ["old.example.com"] });
    await open.repo.commit("main", { ".enki/enki.toml": '[policy]\nnetwork = ["new.example.com"]\n' });
    const { at } = await open.prepare(`work/${ID}-fix/1`);
    expect(readSpec(at.spec)).toMatchObject({ baseCommit: open.base, network: ["new.example.com"] });
  });
});

describe("an agent with a limited network", () => {
  /** Runs a job with a `claude` agent and a model on loopback. */
  const work = async (acts: readonly object[], network: readonly string[], verify?: readonly string[]) => {
    const model = await openModelServer((_, response) => void response.end("the model's answer"));
    const agent = [process.execPath, AGENT, ...acts.map((act) => JSON.stringify(act))];
    open = await openJobs({ agent, preset: "claude", network, ...(verify && { verify, corrections: 1 }) });
    const summary = join(open.repo.root, "summary.md");
    writeFileSync(summary, "");
    const prepared = await open.prepare(`work/${ID}-fix/1`, { modelKey: KEY, agentEnv: { ANTHROPIC_BASE_URL: model.url } });
    const env = { ...prepared.host.env, GITHUB_STEP_SUMMARY: summary };
    const end = await runAgentJob({ ...prepared.host, env });
    await model.close();
    const transcript = join(prepared.at.bundle, "transcript.jsonl");
    return {
      ...end,
      model,
      log: prepared.log.join("\n"),
      transcript: existsSync(transcript) ? readFileSync(transcript, "utf8") : "",
      summary: readFileSync(summary, "utf8"),
    };
  };

  test("reaches its model through the key's proxy, and Enki's tools", async () => {
    const job = await work(
      [{ askModel: "/v1/messages" }, { tool: "enki_worker_report", arguments: { status: "tools answer" } }, { write: "n.txt" }],
      [],
    );
    expect(job).toMatchObject({ end: "success" });
    expect(job.log).toContain("| 200 the model's answer");
    expect(job.model.seen.map(({ headers }) => headers["x-api-key"])).toEqual([KEY]);
    expect(job.summary).toBe("");
    expect(job.log).toContain(
      hasNamespaces
        ? "| * The agent may reach no host but its model. All its other traffic is cut off."
        : "Protection missing: other traffic is not cut off",
    );
  });

  test("reads why a host is refused, and the transcript and the run's summary name each host once", async () => {
    const ask = (host: string) => ({ run: `curl -s -m 5 -x "$http_proxy" http://${host}/x || true` });
    const job = await work([ask("one.example"), ask("one.example"), ask("two.example"), { write: "n.txt" }], ["good.example"]);
    expect(job.log).toContain("| Enki's network policy refused one.example:80: the policy does not allow this host.");
    const noted = job.transcript.split("\n").filter((line) => line.startsWith('{"note":"Enki\'s network policy refused'));
    expect(noted).toHaveLength(2);
    expect(job.summary).toBe(
      "**Network:** the policy refused `one.example:80`, `two.example:80`. A maintainer can allow hosts with `network` in `[policy]` of `.enki/enki.toml`.\n",
    );
  });

  test("checks its work with the same limit, and without the way to the model's key", async () => {
    const refused = 'curl -s -m 5 -x "$http_proxy" http://one.example/x; ! env | grep -i -e anthropic -e enki-outside';
    const job = await work([{ write: "n.txt" }], [], [refused]);
    expect(job).toMatchObject({ end: "success" });
    expect(job.log).toContain("| Enki's network policy refused one.example:80: the policy does not allow this host. Do not");
    expect(job.log).toMatch(/\| \* Enki checked a copy of the work: .* passed\./);
    expect(job.transcript).toContain("Enki's network policy refused `one.example:80`");
  });

  test("learns from its prompt which hosts there are", async () => {
    const job = await work([{ echoPrompt: true }, { write: "n.txt" }], ["good.example"]);
    expect(job.log).toContain("| ## Network");
    expect(job.log).toContain("On the network, you can reach only these hosts, through the proxy set in your environment: `good.example`.");
  });

  test("gets the proxy under each name that programs read, and no other proxy", async () => {
    const job = await work([{ run: "env | grep -i -E '_proxy=|^NODE_USE' | sort" }, { write: "n.txt" }], ["node", "java"]);
    const names = [...job.log.matchAll(/^\| (\w+)=(.*)$/gm)].map(
      ([, name = "", value = ""]) => `${name}=${value.replace(/:\d+$/, ":PORT")}`,
    );
    expect(names.toSorted()).toEqual(
      [
        ...["http_proxy", "https_proxy", "all_proxy"]
          .flatMap((name) => [name, name.toUpperCase()])
          .map((name) => `${name}=http://127.0.0.1:PORT`),
        "no_proxy=localhost,127.0.0.1,::1,[::1]",
        "NO_PROXY=localhost,127.0.0.1,::1,[::1]",
        "NODE_USE_ENV_PROXY=1",
        "YARN_HTTP_PROXY=http://127.0.0.1:PORT",
        "YARN_HTTPS_PROXY=http://127.0.0.1:PORT",
      ].toSorted(),
    );
  });
});
