import { closesFence, readFenceOpening } from "./code-fence.ts";
import type { FaultReporter } from "./workflow-fault.ts";

/** The trimmed section of a role. `line` is its first line of text, `heading` the line of its heading. */
export type RoleSection = { readonly text: string; readonly line: number; readonly heading: number };

type SectionInput = { readonly body: string; readonly bodyLine: number; readonly roles: ReadonlySet<string> };

type OpenSection = { readonly name: string; readonly from: number };

/**
 * Finds the sections of the declared roles. Only `## <declared role>` outside of a code fence starts a section; other headings belong to the prompt
 * around them. Text before the first section is for people.
 */
export const readSections = ({ body, bodyLine, roles }: SectionInput, report: FaultReporter): Map<string, RoleSection> => {
  const lines = body.split("\n");
  const sections = new Map<string, RoleSection>();
  const hidden: { name: string; line: number }[] = [];
  let fence: { marks: string; line: number } | null = null;
  let open: OpenSection | null = null;
  const close = (end: number): void => {
    if (open) addSection(sections, { open, lines, end, bodyLine, report });
  };
  for (const [at, line] of lines.entries()) {
    const name = /^##[ \t]+(\S+)[ \t]*$/.exec(line)?.[1] ?? "";
    const begins = roles.has(name);
    if (fence) {
      if (begins) hidden.push({ name, line: at + bodyLine });
      if (closesFence(line, fence.marks)) {
        fence = null;
        hidden.length = 0;
      }
      continue;
    }
    const opened = readFenceOpening(line);
    if (opened) fence = { marks: opened.marks, line: at + bodyLine };
    if (!begins) continue;
    close(at);
    open = { name, from: at + 1 };
  }
  close(lines.length);
  const lost = hidden.find(({ name }) => !sections.has(name));
  if (fence && lost) {
    const why = `the fence that opens here is never closed, so \`## ${lost.name}\` on line ${lost.line} is part of it`;
    report({ code: "open-fence", line: fence.line, reason: why, instead: `write ${fence.marks} on a line of its own where it ends` });
  }
  return sections;
};

type ClosedSection = {
  readonly open: OpenSection;
  readonly lines: readonly string[];
  readonly end: number;
  readonly bodyLine: number;
  readonly report: FaultReporter;
};

const addSection = (sections: Map<string, RoleSection>, { open, lines, end, bodyLine, report }: ClosedSection): void => {
  const { name, from } = open;
  const heading = from - 1 + bodyLine;
  const before = sections.get(name);
  if (before) {
    report({
      code: "duplicate-section",
      line: heading,
      reason: `\`## ${name}\` stands on line ${before.heading} already`,
      instead: "make one section of the two",
    });
    return;
  }
  const first = lines.findIndex((line, at) => at >= from && at < end && line.trim() !== "");
  const start = first === -1 ? from : first;
  sections.set(name, { text: lines.slice(start, end).join("\n").trim(), line: start + bodyLine, heading });
};
