import { z } from "zod";
import { fail, record, say, type Tool, tool } from "./tool.ts";

/** The tools of who works on a step. */
export const workTools: readonly Tool[] = [
  tool({
    name: "enki_worker_report",
    summary: "Say in one line what you are doing now.",
    rights: "WN",
    input: z.strictObject({ status: z.string().min(1).max(500) }),
    run: (context, { status }) =>
      record(context, { kind: "report", status }, { text: `Status reported: ${status}`, structured: { status } }),
  }),
  tool({
    name: "enki_edit_file",
    summary:
      "Read a file with an anchor before each line (no content), or replace what stands between anchors; `^|` is before the first line, `$|` after the last. Several edits in one call are made all or none.",
    rights: "W",
    input: z.strictObject({ path: z.string().min(1), content: z.string().optional(), edits: z.array(z.string()).max(100).optional() }),
    run: async (context, { path, content, edits }) => {
      if (!context.edit) return fail({ code: "read-only", why: "there is no job here: this tool changes nothing" });
      const all = [...(content === undefined ? [] : [content]), ...(edits ?? [])];
      const done = await context.edit(path, all.length === 0 ? null : all);
      return "refused" in done ? fail(done.refused) : say(done.text, { path });
    },
  }),
];
