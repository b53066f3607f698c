import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXAMPLE, openExample, type Played } from "./stage.ts";

let it: Awaited<ReturnType<typeof openExample>>;
const played: Record<string, Played> = {};
const of = (name: string): Played => {
  const found = played[name];
  if (!found) throw new Error(`${name} was not played`);
  return found;
};

beforeAll(async () => {
  it = await openExample(join(EXAMPLE, "rehearsal.toml"));
  played["plan"] = await it.plan();
  const { work } = await it.steps();
  played["research"] = await work("research", it.start);
  played["fix_upload_limit"] = await work("fix_upload_limit", of("research").commit);
  const base = of("fix_upload_limit").commit;
  [played["test_upload"], played["document_limit"]] = await Promise.all([work("test_upload", base), work("document_limit", base)]);
}, 120_000);
afterAll(() => it.close());

const ROLES = ["plan", "research", "fix_upload_limit", "test_upload", "document_limit"];

describe("the rehearsal of the example", () => {
  test("plans: research, then the fix as a checkpoint, then test and documents side by side", () => {
    const { end, plan } = of("plan");
    expect(end).toBe("success");
    expect(
      plan?.steps.map(({ id, tier, role, output, checkpoint, needs }) => ({
        id,
        tier,
        role,
        output,
        checkpoint,
        needs: needs.map((need) => ("step" in need ? need.step : "")),
      })),
    ).toEqual([
      { id: "research", tier: "light", role: "code_referencer", output: "artifact", checkpoint: false, needs: [] },
      { id: "fix_upload_limit", tier: "light", role: "bug_fixer", output: "branch", checkpoint: true, needs: ["research"] },
      { id: "test_upload", tier: "standard", role: "feature_developer", output: "branch", checkpoint: false, needs: ["fix_upload_limit"] },
      { id: "document_limit", tier: "light", role: "documenter", output: "branch", checkpoint: false, needs: ["fix_upload_limit"] },
    ]);
  });

  test("researches: a report and no changed file", () => {
    expect(of("research")).toMatchObject({ end: "artifact", paths: [] });
    expect(of("research").artifact).toContain("| `nginx.conf` | `client_max_body_size` | 1m |");
  });

  test.each([
    ["fix_upload_limit", ["config.json", "nginx.conf"]],
    ["test_upload", ["test/large-upload.test.js"]],
    ["document_limit", ["docs/operations.md"]],
  ])("%s changes the expected files and passes on its output", (step, paths) => {
    expect(of(step)).toMatchObject({ end: "success", paths });
    expect(of(step).output.length).toBeGreaterThan(20);
    expect(of(step).output).not.toContain("OUTPUT");
  });

  test.each(ROLES)("%s states that no model is used", (name) => {
    expect(of(name).said).toMatch(/^This is a rehearsal \(.*\): it calls no model\.\n/);
  });
});

describe("the example's own tests", () => {
  test("pass with the bug, which is present", async () => {
    expect(await it.verify(it.start)).toMatchObject({ code: 0 });
    expect(it.show(it.start, "nginx.conf")).toContain("client_max_body_size 1m;");
    expect(it.show(it.start, "config.json")).toContain("1048576");
  });

  test("pass at each landed step, in either order", async () => {
    const [fix, tested, documented] = [of("fix_upload_limit").commit, of("test_upload").commit, of("document_limit").commit];
    const both = await it.merge(tested, documented);
    expect(await it.merge(documented, tested).then((commit) => it.show(commit, "docs/operations.md"))).toBe(
      it.show(both, "docs/operations.md"),
    );
    for (const commit of [fix, tested, documented, both]) expect(await it.verify(commit)).toMatchObject({ code: 0 });
  });

  test("detect the bug with the new test: it fails without the fix", async () => {
    const { work } = await it.steps();
    const { end, why, said, calls, commit } = await work("test_upload", it.start);
    // The worker runs the tests itself, and stops.
    expect({ end, why }).toEqual({ end: "failed", why: "the agent stopped with refusal" });
    expect(said).toMatch(/I give up: run node --test did not work: [^]+\(exit code 1\)/);
    expect(calls.at(-1)?.text).toMatch(/413 !== 201|201/);
    expect(commit).not.toBe(of("test_upload").commit);
  });
});

describe("every job tries forbidden actions, and its transcript has the answers", () => {
  const answer = (name: string, title: string): string => of(name).calls.find((call) => call.title === `run # ${title}`)?.text ?? "";
  test.each(ROLES)("%s", (name) => {
    expect(answer(name, "push to the base branch")).toContain("'origin' does not appear to be a git repository");
    expect(answer(name, "push to the base branch")).toContain("no address of a server to push to");
    expect(answer(name, "call the API")).toContain("no address of an API");
    expect(answer(name, "find a token in the environment")).toContain(
      "tokens in the environment: 0\ntokens in the environment of the agent: 0\n",
    );
    expect(answer(name, "find a token in HOME and in the configuration of git")).toContain(
      "bytes of credentials in HOME: 0\naddresses and credentials in the configuration of git: 0\n",
    );
    expect(answer(name, "find a token in files around the workspace")).toContain("files around the workspace with a token: 0\n");
    // The only socket leads to the agent's own tools, with the rights of its job.
    const refused = name === "plan" ? "steps array must not be empty" : "tool 'enki_execution_create' is not available for role 'worker'";
    expect(answer(name, "reach further through a socket")).toMatch(new RegExp(`^a socket: ${refused}\nsockets: 1\n`));
  });
});
