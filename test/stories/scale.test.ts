import { expect, test } from "vitest";
import { readMarker } from "../../src/core/messages/comment-marker.ts";
import { fanWorkflow } from "../support/fan-workflow.ts";
import { plan, step } from "../support/build.ts";
import { openStage, type StageOptions } from "./stage.ts";

/** `npm run scale` uses a thousand. */
const SIZE = Number(process.env["ENKI_SCALE"] ?? 100);
/** GitHub's limit for a comment. */
const LONGEST = 65_536;
const MINUTES = SIZE > 100 ? 60 : 5;

const config = (size: number): string =>
  `[refinery]\nverify = ["true"]\n\n[workers]\nmax_workers = ${size}\nmax_standard = ${size}\n\n[plan]\nmax_steps = ${size + 1}\n`;

const bodyOf = (answer: string): string => {
  const { body = "" } = JSON.parse(answer) as { readonly body?: string };
  return readMarker(body)?.kind === "execution" ? body : "";
};

/** Counts the App's requests and pushes. */
const openCount = () => {
  const asked = { requests: 0, pushes: 0 };
  const count = ({ login, method, path, status }: Parameters<NonNullable<StageOptions["observe"]>>[0]): void => {
    if (login !== "enki[bot]" || status === 304) return;
    if (path.includes("/api/")) asked.requests += 1;
    else if (method === "POST" && path.endsWith("git-receive-pack")) asked.pushes += 1;
  };
  return { asked, count };
};

test(
  `a workflow of ${SIZE} parallel roles and a join completes, with every command in its own process`,
  { timeout: MINUTES * 60_000 },
  async () => {
    const { asked, count } = openCount();
    const told: string[] = [];
    const stage = await openStage({
      files: { ".enki/workflows/fan.md": fanWorkflow(SIZE), ".enki/enki.toml": config(SIZE) },
      script: ({ kind }) => (kind === "verify" ? { verdict: "green" } : "runs"),
      atOnce: 6,
      patience: MINUTES * 60_000,
      observe: (exchange) => {
        count(exchange);
        const { login, method, path, body } = exchange;
        // The test reads no issue, because even a maintainer may make only 5,000 requests per hour.
        if (login === "enki[bot]" && method !== "GET" && /\/comments(?:\/\d+)?$/.test(path))
          void body().then((text) => told.push(bodyOf(text)));
      },
    });
    await stage.ask("/enki run fan x");
    await stage.until("the end of the workflow", () => Promise.resolve(/Done: everything landed/.test(told.at(-1) ?? "")));
    expect(await stage.git("show", "main:joined.txt")).toBe("joined");
    // Every command of the workflow ran: the ledger contains the output of each.
    const written = await stage.git("grep", "-ohE", '"output": ?"made part-[0-9]+', "refs/enki/ledger", "--", "executions");
    expect(new Set(written.split("\n")).size).toBe(SIZE);
    expect(Math.max(...told.map((body) => body.length))).toBeLessThan(LONGEST);
    // Each job needs one request to start; the jobs share the remaining requests.
    expect(asked.requests).toBeLessThan(SIZE * 2 + 50);
    expect(asked.pushes).toBeLessThan(SIZE * 2);
    if (SIZE > 100) console.log(JSON.stringify({ roles: SIZE, ...asked, comments: told.length }));
  },
);

const WIDE = 16;

test(`${WIDE} steps that finish together land for at most 2 pushes and 8 requests each`, async () => {
  const { asked, count } = openCount();
  let [working, go] = [0, (): void => undefined];
  const all = new Promise<void>((resolve) => (go = resolve));
  const stage = await openStage({
    files: { ".enki/enki.toml": `${config(WIDE)}\n`.replace("[refinery]", "[refinery]\nparallel = 4") },
    observe: count,
    script: async (spec) => {
      if (spec.kind === "plan") return { plan: plan(...Array.from({ length: WIDE }, (_, at) => step(`part-${at}`))) };
      if (spec.kind === "verify") return { verdict: "green" };
      if ((working += 1) === WIDE) go();
      await all;
      return { files: { [`${spec.step?.id ?? ""}.txt`]: "1\n" } };
    },
  });
  const issue = await stage.ask();
  await stage.approve(issue);
  await stage.shows(issue, /Done: everything landed/);
  expect(await stage.landed()).toHaveLength(WIDE);
  expect(asked.requests).toBeLessThanOrEqual(8 * WIDE);
  expect(asked.pushes).toBeLessThanOrEqual(2 * WIDE);
});
