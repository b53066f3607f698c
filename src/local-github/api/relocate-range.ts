import type { BareRepository } from "./bare-repository.ts";

export type DiffSide = "LEFT" | "RIGHT";

/** A line of a diff: its number on each side, and how many lines it stands below the first hunk's head. */
type PatchLine = { readonly old: number | null; readonly new: number | null; readonly position: number; readonly text: string };
type PatchHunk = { readonly head: string; readonly lines: readonly PatchLine[] };

const HUNK_HEAD_PATTERN = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/;

/** The hunks of one file's diff. */
const readPatchHunks = (patch: string): PatchHunk[] => {
  const hunks: { head: string; lines: PatchLine[] }[] = [];
  let [old, young, position] = [0, 0, -1];
  for (const text of patch.replace(/\n$/, "").split("\n")) {
    const head = HUNK_HEAD_PATTERN.exec(text);
    if (!head && hunks.length === 0) continue;
    position += 1;
    if (head) {
      [old, young] = [Number(head[1]), Number(head[2])];
      hunks.push({ head: text, lines: [] });
      continue;
    }
    const kind = text[0];
    const line = { old: kind === "+" || kind === "\\" ? null : old, new: kind === "-" || kind === "\\" ? null : young, position, text };
    hunks.at(-1)?.lines.push(line);
    if (line.old !== null) old += 1;
    if (line.new !== null) young += 1;
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
/** Where a range is in a diff: its last line's position, and its hunk down to there. */
export type DiffPosition = { readonly position: number; readonly hunk: string };
type UnplacedEnd = "line" | "start_line";

/** Finds a range in the diff of a file; tells which end of it is not part of the diff, or not of the same hunk. */
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

/** What a pull request changes is told against the merge base of both. */
export type ComparedCommits = { readonly base: string; readonly head: string };

const PATCH_CONTEXT_LINES = 3;

const readFileHunks = async (bare: BareRepository, { base, head }: ComparedCommits, path: string): Promise<PatchHunk[]> => {
  const from = await bare.mergeBase(base, head);
  return from === null ? [] : readPatchHunks(await bare.patch({ from, to: head, path, context: PATCH_CONTEXT_LINES }));
};

/** Where a range is in what a pull request changes; null for a file that it does not change. */
export const locateInDiff = async (
  bare: BareRepository,
  compared: ComparedCommits,
  of: { path: string; range: DiffRange },
): Promise<DiffPosition | UnplacedEnd | null> => {
  const hunks = await readFileHunks(bare, compared, of.path);
  return hunks.length === 0 ? null : locateInHunks(hunks, of.range);
};

/** True for a file that a pull request changes, also where its diff has no lines. */
export const isFileChanged = async (bare: BareRepository, { base, head }: ComparedCommits, path: string): Promise<boolean> => {
  const from = await bare.mergeBase(base, head);
  return from !== null && (await bare.changed(from, head)).includes(path);
};

const CHANGED_LINES_PATTERN = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@/gm;

/** The number that a line of a file has in another commit; null where it was changed or removed. */
const mapLineNumber = async (
  bare: BareRepository,
  of: { from: string; to: string; path: string },
  line: number,
): Promise<number | null> => {
  if (of.from === of.to) return line;
  if ((await bare.file(of.to, of.path)) === null) return null;
  let shift = 0;
  for (const [, start = "", removed = "1", added = "1"] of (await bare.patch({ ...of, context: 0 })).matchAll(CHANGED_LINES_PATTERN)) {
    const [first, gone] = [Number(start), Number(removed)];
    if (first > line) break;
    if (line < first + gone) return null;
    // Lines that are only added stand behind the line that is named.
    if (gone > 0 || first < line) shift += Number(added) - gone;
  }
  return line + shift;
};

/** A range of an earlier head as it is in a new one; null where it is outdated: its lines changed, or are part of the diff no more. */
export const relocateRange = async (
  bare: BareRepository,
  { before, after }: { before: ComparedCommits; after: ComparedCommits },
  { path, range }: { path: string; range: DiffRange },
): Promise<(DiffRange & DiffPosition) | null> => {
  const commits = async (side: DiffSide): Promise<{ from: string; to: string } | null> => {
    if (side === "RIGHT") return { from: before.head, to: after.head };
    const [from, to] = [await bare.mergeBase(before.base, before.head), await bare.mergeBase(after.base, after.head)];
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
