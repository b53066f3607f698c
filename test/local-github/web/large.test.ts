import { expect, test } from "vitest";
import { REPO } from "../api/stage.ts";
import { strange, wordsOf } from "./inspect.ts";
import { sharePages } from "./stage.ts";

const shared = sharePages();

/** Far longer than a page takes today, and far shorter than a page took before the limits. */
const SOON = 10_000;

/** Different lines of 50 characters. */
const noise = (bytes: number): string => Array.from({ length: Math.ceil(bytes / 51) }, (_, at) => `line ${at}`.padEnd(50, "-")).join("\n");

test("a long discussion shows both ends with a note, and can be read page by page", { timeout: SOON }, async () => {
  const { page, issue, comment } = shared();
  const number = await issue("Much to say");
  const ids: number[] = [];
  for (let at = 1; at <= 104; at += 1) ids.push(await comment(number, `**word** ${at}, see #1\n\n${"- and more of it\n".repeat(20)}`));
  const shown = await page(`/issues/${number}`);
  expect(shown.length).toBeLessThan(300_000);
  expect(wordsOf(shown)).toMatch(/word 50, .*4 comments between these are not shown\. Read all 104, page by page .*word 55, .*word 104,/);
  expect(wordsOf(shown)).not.toMatch(/word (?:51|52|54),/);
  const first = await page(`/issues/${number}?page=1`);
  expect(wordsOf(first)).toMatch(/word 1, .*word 51, .*word 100, .*page 1 later →/);
  expect(first).toContain(`id="issuecomment-${ids[51]}"`);
  expect(wordsOf(await page(`/issues/${number}?page=2`))).toMatch(/word 101, .*word 104, .*← earlier page 2 (?!later)/);
});

test("comments that are slow to parse do not slow down the forge", { timeout: SOON }, async () => {
  const { page, issue, comment } = shared();
  const number = await issue("x".repeat(5_000), `# No title\n\n${"a".repeat(100_000)}`);
  await comment(number, "# A title");
  for (const piece of [">", "_a**", "1. ", "[a](", "<details>\n\n", "|a|b\n|-|-\n\n", "- a\n"])
    await comment(number, piece.repeat(Math.ceil(65_000 / piece.length)));
  const shown = await page(`/issues/${number}`);
  expect(shown).toContain("<h1>A title</h1>");
  // Text beyond the limit of one page is shown as plain text.
  expect(wordsOf(shown)).toContain("- a - a - a");
  expect(wordsOf(shown)).toContain(`${"x".repeat(256)}… #${number}`);
  expect(wordsOf(shown)).toContain("34476 more characters are not shown. GitHub does not accept a text of this length.");
  expect(strange(shown)).toEqual([]);
});

test("a change of five megabytes shows its start and the command for the rest", { timeout: SOON }, async () => {
  const { page, commit, push, api, git } = shared();
  const before = await git("rev-parse", "HEAD");
  await git("checkout", "-q", "-b", "large");
  const head = await commit({ "a.txt": "first\n", "large.txt": noise(5_000_000), "one-line.json": "x".repeat(1_000_000) });
  await push("large");
  const shown = await page(`/commit/${head}`);
  expect(shown.length).toBeLessThan(3_000_000);
  const words = wordsOf(shown);
  expect(words).toMatch(/3 files changed, \d+ insertions\(\+\) This change.*To see all of it, run git diff/);
  expect(words).toMatch(/a\.txt new file mode 100644 \+1 −0.*\d+ more lines? (?:is|are) not shown/);
  expect(words).toContain(`git diff ${before} ${head}`);
  const { data: pull } = await api.pulls.create({ ...REPO, head: "large", base: "main", title: "Large" });
  expect(wordsOf(await page(`/pull/${pull.number}`))).toContain(`git diff ${before} ${head}`);
});

test("shows the end of long logs, shorter if there are more jobs", { timeout: SOON }, async () => {
  const { page, start } = shared();
  const run = await start();
  for (let at = 0; at < 50; at += 1)
    run.job({ id: `j${at}`, name: `j${at}` }, `begin ${at}\n${noise(20_000)}\n${"y".repeat(3_000)}\nend ${at}\n`);
  const shown = await page(`/actions/runs/${run.id}`);
  expect(shown.length).toBeLessThan(2_000_000);
  expect(wordsOf(shown)).toMatch(/Only the end of the log is shown\..*1000 more characters end 0 .*end 49/);
  expect(shown).not.toContain("begin 0");
  expect(shown).toContain("data-running");
});

test("splits long lists into pages", { timeout: SOON }, async () => {
  const { page, git, push } = shared();
  const tree = await git("rev-parse", "HEAD^{tree}");
  let tip = await git("rev-parse", "HEAD");
  for (let at = 1; at <= 52; at += 1) tip = await git("commit-tree", tree, "-p", tip, "-m", `Commit number ${at}.`);
  await push(`${tip}:refs/heads/many`);
  expect(wordsOf(await page("/commits/many"))).toMatch(/number 52\. .*number 3\. .*page 1 older →/);
  expect(wordsOf(await page("/commits/many?page=2"))).toMatch(/number 2\. .*number 1\. .*← newer page 2/);
  expect(wordsOf(await page("/commits/many?page=9000"))).toContain("No more entries.");
});
