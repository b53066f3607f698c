import type { Command } from "../model/command.ts";
import type { Request } from "../model/event.ts";
import { refuse, type Refused } from "../model/refusal.ts";
import { hiddenLines, proseParagraphs, type ProseLine } from "./prose.ts";
import { COMMANDS, type CommandRow } from "./table.ts";

/** At most this many commands of one comment are read. */
const MAX_COMMANDS = 10;

/** Every command of a comment, and every mistake, in order. Text that is no command gives nothing. Never throws. */
export const parseComment = (markdown: string): Request[] =>
  proseParagraphs(markdown)
    .flatMap((paragraph) => readParagraph(paragraph))
    .slice(0, MAX_COMMANDS);

type Written = { readonly first: string; readonly more: string[] };

const readParagraph = (paragraph: readonly ProseLine[]): Request[] => {
  const hidden = hiddenLines(paragraph);
  const written: Written[] = [];
  for (const { line, text } of paragraph) {
    const command = hidden.has(line) ? null : /^ {0,3}\/enki(?:[ \t]+(.*))?$/.exec(text);
    if (command) written.push({ first: (command[1] ?? "").trim(), more: [] });
    else written.at(-1)?.more.push(text.trim());
  }
  return written.map((each) => toRequest(each));
};

const toRequest = ({ first, more }: Written): Request => {
  const [name = "", ...words] = first.split(/[ \t]+/);
  if (name === "") return { ok: true, command: { kind: "help" } };
  const row = COMMANDS.find((each) => each.name === name.toLowerCase() || each.aliases.includes(name.toLowerCase()));
  if (!row) return unknown(name);
  const rest = first.slice(name.length).trim();
  const read = readers[row.name];
  return read ? read({ row, words, text: [rest, ...more].join("\n").trim() }) : unknown(name);
};

type Reading = { readonly row: CommandRow; readonly words: readonly string[]; readonly text: string };

const yes = (command: Command): Request => ({ ok: true, command });

const withText =
  (kind: "do" | "plan") =>
  ({ row, text }: Reading): Request =>
    text === "" ? refuse("nothing-asked", `\`/enki ${row.name}\` needs to know what to do.`, `/enki ${row.usage}`) : yes({ kind, text });

const withTarget =
  (kind: "retry" | "cancel" | "status") =>
  ({ row, words }: Reading): Request => {
    const [target, extra] = words;
    if (extra !== undefined)
      return refuse("too-much", `\`/enki ${row.name}\` takes one name, not \`${words.slice(0, 5).join(" ")}\`.`, `/enki ${row.usage}`);
    return yes({ kind, target: target?.replace(/^`|`$/g, "") ?? null });
  };

const approve = ({ row, words }: Reading): Request => {
  const [what, extra] = words;
  if (what === undefined || extra !== undefined) {
    return refuse(
      "what-approval",
      "An approval names exactly what it approves; the line to copy is in the comment with the plan.",
      `/enki ${row.usage}`,
    );
  }
  const [task, head, more] = what.replace(/^`|`$/g, "").split("@");
  if (task === undefined || more !== undefined) return badHash(what);
  if (head === undefined) return /^[0-9a-f]{7,64}$/.test(task) ? yes({ kind: "approve-plan", plan: task }) : badHash(what);
  return /^[0-9a-f]{7,40}$/.test(head) ? yes({ kind: "approve-step", task, head }) : badHash(what);
};

const badHash = (what: string): Refused =>
  refuse(
    "bad-hash",
    `\`${what.slice(0, 80)}\` is no hash of a plan, nor a task with its result: at least seven characters of it.`,
    "/enki approve <plan hash> | <task>@<result>",
  );

const readers: Readonly<Record<string, (reading: Reading) => Request>> = {
  fix: withText("do"),
  plan: withText("plan"),
  approve,
  retry: withTarget("retry"),
  cancel: withTarget("cancel"),
  status: withTarget("status"),
  help: () => yes({ kind: "help" }),
};

const unknown = (name: string): Refused => {
  const names = COMMANDS.flatMap((row) => [row.name, ...row.aliases]);
  const near = names.map((each) => ({ each, far: distance(name.toLowerCase().slice(0, 40), each) })).sort((a, b) => a.far - b.far)[0];
  const shown = name.slice(0, 40).replaceAll("`", "");
  return near && near.far <= 2
    ? refuse("unknown-command", `There is no \`/enki ${shown}\`; did you mean \`/enki ${near.each}\`?`, "/enki help")
    : refuse("unknown-command", `There is no \`/enki ${shown}\`.`, "/enki help");
};

/** Edits (insert, delete, replace) between two words. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? a.length;
};
