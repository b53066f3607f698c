import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { PAGE_SCRIPT } from "../../../src/local-github/web/page-script.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");

/** The part of a browser that the script needs while nothing changes. */
const open = (
  times: readonly { dateTime: string; textContent: string }[],
  answer: () => { ok: boolean; version: string },
  { state = "/state", hash = "", target = null }: { state?: string; hash?: string; target?: object | null } = {},
) => {
  const body = { className: "", dataset: { state, version: "one" } };
  const heard: Record<string, (event: { data: string }) => void> = {};
  const asked: string[] = [];
  const later: (() => Promise<void>)[] = [];
  const lists: Readonly<Record<string, readonly unknown[]>> = { time: times };
  runInNewContext(PAGE_SCRIPT, {
    document: {
      body,
      hidden: false,
      querySelector: () => ({ children: [] }),
      querySelectorAll: (what: string) => lists[what] ?? [],
      addEventListener: () => undefined,
      getElementById: (id: string) => (hash === `#${id}` ? target : null),
    },
    location: { hash },
    addEventListener: () => undefined,
    EventSource: function EventSource(this: { addEventListener: unknown }, url: string) {
      asked.push(url);
      this.addEventListener = (name: string, hear: (event: { data: string }) => void) => void (heard[name] = hear);
    },
    Date: { now: () => NOW, parse: Date.parse },
    getSelection: () => "",
    fetch: (url: string) => {
      asked.push(url);
      const { ok, version } = answer();
      return Promise.resolve({ ok, status: 500, json: () => Promise.resolve({ version }) });
    },
    setTimeout: (look: () => Promise<void>) => void later.push(look),
    setInterval: () => undefined,
  });
  return { body, asked, heard, look: () => later.shift()?.() };
};

test.each([
  [0, "now"],
  [59, "59 seconds ago"],
  [60, "1 minute ago"],
  [7_199, "1 hour ago"],
  [3 * 86_400, "3 days ago"],
  [31 * 86_400, "as it was"],
])("shows times relative to now: %i seconds", (seconds, words) => {
  const time = { dateTime: new Date(NOW - seconds * 1_000).toISOString(), textContent: "as it was" };
  open([time], () => ({ ok: true, version: "one" }));
  expect(time.textContent).toBe(words);
});

test("shows whether the forge answers, and continues to poll", async () => {
  let ok = true;
  const { body, asked, look } = open([], () => ({ ok, version: "one" }));
  expect(body.className).toBe("live");
  ok = false;
  await look();
  expect(body.className).toBe("lost");
  ok = true;
  await look();
  expect(body.className).toBe("live");
  expect(asked).toEqual(["/state", "/state"]);
});

test("a repository's page listens to its state instead of polling, and shows when the forge is gone", async () => {
  const { body, asked, heard, look } = open([], () => ({ ok: true, version: "one" }), { state: "/octo/demo/state" });
  expect(asked).toEqual(["/octo/demo/state/events"]);
  expect(look()).toBeUndefined();
  heard["error"]?.({ data: "" });
  expect(body.className).toBe("lost");
  heard["version"]?.({ data: "one" });
  await new Promise((resolve) => setImmediate(resolve));
  expect(body.className).toBe("live");
});

test("the address of a folded step unfolds the step", () => {
  const shown: string[] = [];
  const target = { open: false, matches: (what: string) => what === "details", scrollIntoView: () => void shown.push("step") };
  open([], () => ({ ok: true, version: "one" }), { hash: "#step-fix", target });
  expect([target.open, shown]).toEqual([true, ["step"]]);
});
