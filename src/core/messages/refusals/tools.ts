import { refuse, type Refusal, type RefusedResult } from "../../domain/refusal.ts";

export const refuseOverlap = (line: number): RefusedResult => refuse("overlap", `two edits overlap at line ${line}`);

export const NO_ANCHOR_REFUSAL: RefusedResult = refuse("no-anchor", "edit must contain at least one hashline anchor");

export const refuseAnchorOrder = (line: number, before: number): RefusedResult =>
  refuse("not-ascending", `anchors must be in ascending order, got line ${line} after line ${before}`);

export const refuseMissingLine = (line: number, count: number): RefusedResult =>
  refuse("out-of-range", `line ${line} out of range (file has ${count} lines)`);

export const refuseStaleHash = (line: number, hashes: { expected: string; now: string }): RefusedResult =>
  refuse("stale-hash", `stale hash at line ${line}: expected ${hashes.expected}, got ${hashes.now} — re-read the file`);

export const refuseChangedAnchor = (line: number): RefusedResult =>
  refuse("changed-anchor", `an anchor keeps its line as it is: to change line ${line}, put its new text between the anchors around it`);

export const refuseUnknownItem = (item: string): RefusedResult =>
  refuse("unknown-item", `not found: backlog item ${item}`, "enki_backlog_list");

export const refuseIrregularFile = (path: string): Refusal => refuse("no-file", `failed to read ${path}: not a regular file`).refusal;

export const refuseLargeFile = (path: string, most: number): Refusal =>
  refuse("too-large", `failed to read ${path}: larger than ${most} bytes`).refusal;

export const refuseBinaryFile = (path: string): Refusal => refuse("no-text", `failed to read ${path}: not UTF-8 text`).refusal;

export const refuseMissingFile = (path: string): Refusal => refuse("no-file", `failed to read ${path}: no such file`).refusal;

export const refuseOuterFile = (path: string): Refusal => refuse("outside", `${path} is outside of this step's workspace`).refusal;

export const refuseUnknownAddress = (address: string, everyone: string): RefusedResult =>
  refuse("unknown-address", `unknown address '${address}': use coordinator, user, ${everyone} or worker/<task id>`);

export const refuseUnknownMessage = (id: string): RefusedResult => refuse("unknown-mail", `not found: message ${id}`);

export const READ_ONLY_REFUSAL: Refusal = refuse("read-only", "no job runs here: this tool changes nothing").refusal;

export const refuseUnknownIssue = (issue: number): Refusal => refuse("unknown-item", `not found: backlog item ${issue}`).refusal;
