import { createSocket } from "node:dgram";
import { rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plan, step } from "../../support/build.ts";
import { attackFamily } from "../attack-family.ts";
import { isPossible, type Machine, MACHINES, runJob, type World } from "./job-world.ts";
import { listNetworkAttempts, listProxyAttempts, type NetworkPorts } from "./network-attempts.ts";

const AGENT = fileURLToPath(new URL("../../fixtures/agent.mjs", import.meta.url));
const MISSING = "Protection missing: other traffic is not cut off";

/** Opens a server that represents a foreign host and counts its visitors. Answers as HTTP. */
const openHost = async (address: string) => {
  const seen = { count: 0 };
  const server = createServer((socket) => {
    seen.count += 1;
    socket.on("error", () => undefined);
    socket.on("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nreached"));
  });
  const port = await new Promise<number>((resolve) => {
    server.once("error", () => resolve(0));
    server.listen(0, address, () => resolve((server.address() as AddressInfo).port));
  });
  return { seen, port, close: () => server.close() };
};

const openNames = async () => {
  const seen = { count: 0 };
  const socket = createSocket("udp4", () => void (seen.count += 1));
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { seen, port: socket.address().port, close: () => socket.close() };
};

const openHosts = async () => ({ foreign: await openHost("0.0.0.0"), foreign6: await openHost("::1"), names: await openNames() });
type Hosts = Awaited<ReturnType<typeof openHosts>>;

const countReached = (hosts: Hosts): number => Object.values(hosts).reduce((sum, { seen }) => sum + seen.count, 0);
const closeHosts = (hosts: Hosts): void => Object.values(hosts).forEach(({ close }) => void close());

const NO_PORTS: NetworkPorts = { foreign: 0, foreign6: 0, names: 0, allowed: 0 };
const DIRECT = Object.keys(listNetworkAttempts(NO_PORTS));
const PROXIED = Object.keys(listProxyAttempts(NO_PORTS));

/** Runs a job whose agent makes each attempt against hosts of its own. */
const openAttempts = async (titles: readonly string[]) => {
  const allowed = await openHost("127.0.0.1");
  const hosts = new Map<string, Hosts>();
  for (const title of titles) hosts.set(title, await openHosts());
  const scripts = [...hosts].map(([title, { foreign, foreign6, names }]) => {
    const ports = { foreign: foreign.port, foreign6: foreign6.port, names: names.port, allowed: allowed.port };
    return { ...listProxyAttempts(ports), ...listNetworkAttempts(ports) }[title] ?? "";
  });
  const toAct = (some: readonly string[]) => ({
    run: [...some.map((script) => `(\n${script}\n) < /dev/null 2>&1 &`), "wait", "true"].join("\n"),
  });
  // The last attempt kills the relay, so the others run first, in parallel.
  const acts = [toAct(scripts.slice(0, -1)), toAct(scripts.slice(-1))].map((act) => JSON.stringify(act));
  const controls = [
    { run: `curl -s -m 5 http://127.0.0.1:${allowed.port}/ || true` },
    { tool: "enki_worker_report", arguments: { status: "the tools answer" } },
    { write: "n.txt" },
  ];
  return {
    allowed,
    hosts,
    seed: (network: readonly string[]) => ({
      agent: [process.execPath, AGENT, ...controls.map((act) => JSON.stringify(act)), ...acts],
      plan: plan(step("fix", {})),
      network,
    }),
    close: () => {
      void allowed.close();
      for (const each of hosts.values()) closeHosts(each);
    },
  };
};

const NETWORK_MACHINES: Readonly<Record<string, Machine>> = {
  ...MACHINES,
  "root of a container": { asRoot: true, unshare: true, isContainer: true },
};

for (const [name, machine] of Object.entries(NETWORK_MACHINES)) {
  if (!isPossible(machine)) {
    attackFamily("network", { [`${name}: this machine cannot play it`]: {} }, () => ({ stopped: "skipped-on-this-machine" }));
    continue;
  }
  describe(name, () => {
    let attempts: Awaited<ReturnType<typeof openAttempts>>;
    let world: World;
    beforeAll(async () => {
      attempts = await openAttempts([...PROXIED, ...DIRECT]);
      const network = [`127.0.0.1:${attempts.allowed.port}`];
      world = await runJob({ name, machine, seed: () => attempts.seed(network), step: "fix" });
    }, 120_000);
    afterAll(() => {
      attempts.close();
      rmSync(dirname(world.directory), { recursive: true, force: true });
    });

    test("the agent reaches the host that its policy allows, and Enki's tools", () => {
      expect(world.log).toContain("| reached");
      expect(world.log).toContain("The agent may reach only its model and");
      expect(attempts.allowed.seen.count).toBeGreaterThan(0);
      expect(world.status).toBe(0);
    });

    test("the transcript says whether other traffic is cut off", () => {
      expect(world.log).toContain(machine.unshare ? "All its other traffic is cut off." : MISSING);
    });

    attackFamily("network", Object.fromEntries([...DIRECT, ...PROXIED].map((title) => [`${name}: ${title}`, { title }])), ({ title }) => {
      const hosts = attempts.hosts.get(title);
      const reached = hosts === undefined ? 1 : countReached(hosts);
      if (DIRECT.includes(title) && world.log.includes(MISSING)) return { stopped: "protection-missing" };
      if (reached > 0) return { through: `${reached} connections` };
      return { stopped: PROXIED.includes(title) ? "refused-by-proxy" : "cut-off" };
    });
  });
}

describe("without a limit", () => {
  const SIMPLE = [
    "curl without its proxy",
    "a bare TCP connection",
    "a bare TCP connection by Node",
    "curl over IPv6",
    "a datagram by Node",
  ];
  test("the same attempts reach their hosts, so the attempts are real", async () => {
    const attempts = await openAttempts(SIMPLE);
    const machine = Object.values(MACHINES).find((each) => isPossible(each)) ?? MACHINES["a user without namespaces"];
    const world = await runJob({ name: "no limit", machine, seed: () => attempts.seed(["*"]), step: "fix" });
    expect(
      [...attempts.hosts].filter(([, hosts]) => hosts.foreign6.port !== 0 && countReached(hosts) === 0).map(([title]) => title),
    ).toEqual([]);
    expect(world.log).not.toContain("The agent may reach");
    attempts.close();
    rmSync(dirname(world.directory), { recursive: true, force: true });
  });
});
