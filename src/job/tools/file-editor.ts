import {
  refuseBinaryFile,
  refuseIrregularFile,
  refuseLargeFile,
  refuseMissingFile,
  refuseOuterFile,
} from "../../core/messages/refusals/tools.ts";
import { readFile, realpath, stat, writeFile } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { isBadPath } from "../../core/policy/path-form.ts";
import type { Refusal } from "../../core/domain/refusal.ts";
import { applyEdits, addAnchors } from "./apply-edits.ts";
import type { ToolContext } from "./mcp-tool.ts";

/** In bytes. The editor refuses larger files, because nobody edits them line by line. */
const MAX_EDITED_FILE_BYTES = 5_000_000;

/** Access to files; a job reads and writes with the rights of its agent. */
type EditableFiles = {
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly writeFile: (path: string, content: string) => Promise<void>;
};

const OWN_FILES: EditableFiles = { readFile: (path) => readFile(path), writeFile: (path, content) => writeFile(path, content) };

/** Reads a UTF-8 text file. Other bytes would be altered when the file is written back. */
const readEditableText = async (files: EditableFiles, file: string, path: string): Promise<string | { refused: Refusal }> => {
  const about = await stat(file);
  if (!about.isFile()) return { refused: refuseIrregularFile(path) };
  if (about.size > MAX_EDITED_FILE_BYTES) return { refused: refuseLargeFile(path, MAX_EDITED_FILE_BYTES) };
  const bytes = await files.readFile(file);
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : { refused: refuseBinaryFile(path) };
};

/** Edits files inside one directory only; links that lead out are refused. Without edits, returns the file with anchors. */
export const createFileEditor =
  (workspace: string, files: EditableFiles = OWN_FILES): NonNullable<ToolContext["editFile"]> =>
  async (path, edits) => {
    const root = await realpath(workspace);
    const file = await realpath(resolve(root, path)).catch(() => null);
    if (file === null) return { refused: refuseMissingFile(path) };
    const inside = relative(root, file);
    if (inside === "" || inside.startsWith("..") || isAbsolute(inside) || isBadPath(inside)) {
      return { refused: refuseOuterFile(path) };
    }
    const content = await readEditableText(files, file, path);
    if (typeof content !== "string") return content;
    if (edits === null) return { text: addAnchors(content) };
    const edited = applyEdits(content, edits);
    if (!edited.ok) return { refused: edited.refusal };
    await files.writeFile(file, edited.value);
    return { text: "ok" };
  };
