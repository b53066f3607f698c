import { readFile, realpath, writeFile } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { refuse } from "../model/refusal.ts";
import { applyEdits, tagLines } from "./hashline.ts";
import type { ToolContext } from "./tool.ts";

/** Edits files of one directory and nothing else: links that lead out are refused. Without edits the file is given with its anchors. */
export const editIn =
  (workspace: string): NonNullable<ToolContext["edit"]> =>
  async (path, edits) => {
    const root = await realpath(workspace);
    const file = await realpath(resolve(root, path)).catch(() => null);
    if (file === null) return { refused: refuse("no-file", `failed to read ${path}: there is no such file`).refusal };
    const inside = relative(root, file);
    if (inside === "" || inside.startsWith("..") || isAbsolute(inside) || inside.split("/")[0] === ".git") {
      return { refused: refuse("outside", `${path} is outside of this step's workspace`).refusal };
    }
    const content = await readFile(file, "utf8");
    if (edits === null) return { text: tagLines(content) };
    const edited = applyEdits(content, edits);
    if (!edited.ok) return { refused: edited.refusal };
    await writeFile(file, edited.value);
    return { text: "ok" };
  };
