import type { BareRepository } from "./bare-repository.ts";

export type DiffSide = "LEFT" | "RIGHT";

/** A line of a diff: its number on each side, and its distance below the first hunk header. */
type PatchLine = { readonly old: number | null; readonly new: number | null; readonly position: number; readonly text: string };
type PatchHunk = { readonly head: string; readonly lines: readonly PatchLine[] };

const HUNK_HEAD_PATTERN = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

const readPatchHunks = (patch: string): PatchHunk[] => {
  const hunks: { head: string; lines: PatchLine[] }[] = [];
  let [old, current, position] = [0, 0, -1];
  for (const text of patch.replace(/\n$/, "").split("\n")) {
    const head = HUNK_HEAD_PATTERN.exec(text);
    if (!head && hunks.length === 0) continue;
    position += 1;
    if (head) {
      [old, current] = [Number(head[1]), Number(head[2])];
      hunks.push({ head: text, lines: [] });
      continue;
    }
    const kind = text[0];
    const line = { old: kind === "+" || kind === "\\" ? null : old, new: kind === "-" || kind === "\\" ? null : current, position, text };
    hunks.at(-1)?.lines.push(line);
    if (line.old !== null) old += 1;
    if (line.new !== null) current += 1;
  }
  return hunks;
};

const lineNumberOn = (line: PatchLine, side: DiffSide): number | null => (side === "LEFT" ? line.old : line.new);

export type DiffRange = {
  readonly line: number;
  readonly side: DiffSide;
  readonly startLine: number | null;
  readonly startSide: DiffSide | null;
};
/** The location of a range in a diff: the position of its last line, and its hunk down to that line. */
export type DiffPosition = { readonly position: number; readonly hunk: string };
type UnplacedEnd = "line" | "start_line";

/** Finds a range in the diff of a file. Returns the end that is not part of the diff, or not of the same hunk. */
const locateInHunks = (hunks: readonly PatchHunk[], { line, side, startLine, startSide }: DiffRange): DiffPosition | UnplacedEnd => {
  const hunk = hunks.find(({ lines }) => lines.some((each) => lineNumberOn(each, side) === line));
  const at = hunk?.lines.findIndex((each) => lineNumberOn(each, side) === line) ?? -1;
  const last = hunk?.lines[at];
  if (!hunk || !last) return "line";
  if (startLine !== null) {
    const start = hunk.lines.findIndex((each) => lineNumberOn(each, startSide ?? side) === startLine);
    if (start < 0 || start >= at) return "start_line";
  }
  return { position: last.position, hunk: [hunk.head, ...hunk.lines.slice(0, at + 1).map(({ text }) => text)].join("\n") };
};

/** The two commits of a comparison. The diff starts at their merge base. */
export type ComparedCommits = { readonly base: string; readonly head: string };

const PATCH_CONTEXT_LINES = 3;

const readFileHunks = async (bare: BareRepository, { base, head }: ComparedCommits, path: string): Promise<PatchHunk[]> => {
  const from = await bare.findMergeBase(base, head);
  return from === null ? [] : readPatchHunks(await bare.readPatch({ from, to: head, path, context: PATCH_CONTEXT_LINES }));
};

/** Finds a range in the changes of a pull request; null if they do not include the file. */
export const locateInDiff = async (
  bare: BareRepository,
  compared: ComparedCommits,
  { path, range }: { path: string; range: DiffRange },
): Promise<DiffPosition | UnplacedEnd | null> => {
  const hunks = await readFileHunks(bare, compared, path);
  return hunks.length === 0 ? null : locateInHunks(hunks, range);
};

/** Whether a pull request changes a file, even if its diff has no lines. */
export const isFileChanged = async (bare: BareRepository, { base, head }: ComparedCommits, path: string): Promise<boolean> => {
  const from = await bare.findMergeBase(base, head);
  return from !== null && (await bare.listChangedPaths(from, head)).includes(path);
};

const CHANGED_LINES_PATTERN = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/gm;

/** The number of the same line in another commit; null if it was changed or removed. */
const mapLineNumber = async (
  bare: BareRepository,
  change: { from: string; to: string; path: string },
  line: number,
): Promise<number | null> => {
  if (change.from === change.to) return line;
  if ((await bare.readFile(change.to, change.path)) === null) return null;
  let shift = 0;
  for (const [, start = "", removed = "1", added = "1"] of (await bare.readPatch({ ...change, context: 0 })).matchAll(
    CHANGED_LINES_PATTERN,
  )) {
    const [first, removedCount] = [Number(start), Number(removed)];
    if (first > line) break;
    if (line < first + removedCount) return null;
    // Git places added lines after the line that the hunk header names.
    if (removedCount > 0 || first < line) shift += Number(added) - removedCount;
  }
  return line + shift;
};

/** Moves a range from one comparison to another. Returns null if it is outdated: its lines changed or left the diff. */
export const relocateRange = async (
  bare: BareRepository,
  { before, after }: { before: ComparedCommits; after: ComparedCommits },
  { path, range }: { path: string; range: DiffRange },
): Promise<(DiffRange & DiffPosition) | null> => {
  const commits = async (side: DiffSide): Promise<{ from: string; to: string } | null> => {
    if (side === "RIGHT") return { from: before.head, to: after.head };
    const [from, to] = [await bare.findMergeBase(before.base, before.head), await bare.findMergeBase(after.base, after.head)];
    return from === null || to === null ? null : { from, to };
  };
  const numberAfter = async (line: number, side: DiffSide): Promise<number | null> => {
    const between = await commits(side);
    return between && mapLineNumber(bare, { ...between, path }, line);
  };
  const line = await numberAfter(range.line, range.side);
  const startLine = range.startLine === null ? null : await numberAfter(range.startLine, range.startSide ?? range.side);
  if (line === null || (range.startLine !== null && startLine === null)) return null;
  const next: DiffRange = { ...range, line, startLine };
  const placed = await locateInDiff(bare, after, { path, range: next });
  return placed === null || typeof placed === "string" ? null : { ...next, ...placed };
};
