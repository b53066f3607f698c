import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { playOf } from "../cli/run-stage.ts";
import { checkReceivedTrace, countNames, ONE_STEP_SPANS, SEARCH_HEADERS, startCollector, TELEMETRY_SECRET } from "../support/collector.ts";
import { openActionsStage } from "./actions-stage.ts";

test("given only Actions, the jobs that coordinate and publish send one trace, and no job with an agent or tests has the headers", async () => {
  const collector = await startCollector();
  const directory = mkdtempSync(join(tmpdir(), "enki-telemetry-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const rehearsal = join(directory, "play.toml");
  writeFileSync(rehearsal, playOf([{ id: "sort", run: `${SEARCH_HEADERS}\nsort -o list.txt list.txt` }]));
  const stage = await openActionsStage({
    rehearsal,
    secrets: { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${TELEMETRY_SECRET}` },
    edit: (_, text) => text.replaceAll("${{ vars.OTEL_EXPORTER_OTLP_ENDPOINT }}", collector.url),
    files: {
      "list.txt": "b\na\n",
      ".enki/enki.toml": `[refinery]\nverify = [${JSON.stringify(SEARCH_HEADERS)}, 'test "$(head -n 1 list.txt)" = a']\n[plan]\napproval = "never"\n`,
    },
  });
  const issue = await stage.maintainer.openIssue("The list is not sorted", "It should be.");
  await stage.maintainer.comment(issue, "/enki fix");
  await stage.until("the end", async () => (await stage.maintainer.comments(issue)).some(({ body }) => body.includes("### Done")));
  await stage.until("the last run", async () => (await stage.runs()).every(({ conclusion }) => conclusion !== null));
  expect(await stage.landed()).toEqual(["sort"]);

  const spans = collector.spans();
  checkReceivedTrace(spans);
  expect(countNames(spans)).toEqual(ONE_STEP_SPANS);
  const sent = collector.received.map(({ body }) => body).join("\n");
  for (const text of [TELEMETRY_SECRET, "list.txt", "The list is not sorted", "ghs_"]) expect(sent).not.toContain(text);
  for (const { headers } of collector.received) expect(headers.authorization).toBe(`Bearer ${TELEMETRY_SECRET}`);
  for (const { id } of await stage.runs())
    for (const { name } of await stage.jobs(id)) expect(await stage.jobLog(id, name)).not.toContain(TELEMETRY_SECRET);
});
