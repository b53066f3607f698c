import type { DetectedProject } from "./detect-project.ts";

type VerifyOrigin = "detected" | "named";
/** The verify commands of a configuration; their origin is unknown without a comment, or after a person edited the file. */
export type PresentVerify = { readonly verify: readonly string[]; readonly verifyOrigin: VerifyOrigin | "unknown" };
export type ChosenVerify = { readonly verify: readonly string[]; readonly verifyOrigin: VerifyOrigin };

const ORIGIN_LINES: Readonly<Record<VerifyOrigin, string>> = {
  detected: "# `enki init` detected these commands, and updates them with the project.",
  named: "# A person named these commands, so `enki init` keeps them.",
};

/** The comment about the origin of the commands, above them; none without any command. */
export const renderVerifyOrigin = ({ verify, verifyOrigin }: ChosenVerify): readonly string[] =>
  verify.length === 0 ? [] : [ORIGIN_LINES[verifyOrigin]];

/** Reads the comment. A person who edited the file may have changed commands that were detected. */
export const readVerifyOrigin = (config: string, isEdited: boolean): PresentVerify["verifyOrigin"] => {
  const lines = config.split(/\r?\n/);
  if (lines.includes(ORIGIN_LINES.named)) return "named";
  return !isEdited && lines.includes(ORIGIN_LINES.detected) ? "detected" : "unknown";
};

/** The verify commands of the next set-up: those that are detected now, unless a person named others. */
export const keepVerifyCommands = ({ verify, verifyOrigin }: PresentVerify, project: DetectedProject): ChosenVerify => {
  if (verify.length === 0) return { verify: project.verify, verifyOrigin: "detected" };
  if (verifyOrigin === "unknown") return updateUnknown(verify, project);
  if (verifyOrigin === "named") return { verify, verifyOrigin };
  return { verify: project.verify.length === 0 ? verify : project.verify, verifyOrigin };
};

/**
 * Commands that a person may have named, or that an earlier version detected. They follow a change of a package manager, but the commands of
 * further languages are not added: the person may have left them out.
 */
const updateUnknown = (verify: readonly string[], project: DetectedProject): ChosenVerify => {
  const tools = findDetectedTools(verify, project);
  if (tools === null) return { verify, verifyOrigin: "named" };
  const isWhole = tools.length === project.tools.filter((tool) => tool.verify.length > 0).length;
  if (project.verify.length === 0) return { verify, verifyOrigin: isWhole ? "detected" : "named" };
  return { verify: tools.flatMap((tool) => tool.verify), verifyOrigin: isWhole ? "detected" : "named" };
};

/** The languages for which `enki init` would detect these commands here, with any of their package managers; null for other commands. */
const findDetectedTools = (verify: readonly string[], { tools }: DetectedProject): DetectedProject["tools"] | null => {
  const found: DetectedProject["tools"][number][] = [];
  let left = verify;
  for (const tool of tools) {
    const own = [tool.verify, ...(tool.otherVerify ?? [])].find(
      (commands) => commands.length > 0 && commands.every((command, at) => left[at] === command),
    );
    if (own === undefined) continue;
    found.push(tool);
    left = left.slice(own.length);
  }
  return left.length === 0 ? found : null;
};

const MANAGER_FAMILIES = [
  ["npm", "pnpm", "yarn", "bun"],
  ["pip", "poetry", "uv"],
];

/** The programs that commands of a shell start. */
const listPrograms = (commands: readonly string[]): string[] =>
  commands.flatMap((command) => command.split(/&&|\|\||[;|\n]/)).flatMap((part) => /^\s*(?:\w+=\S*\s+)*(\S+)/.exec(part)?.[1] ?? []);

export type OtherManager = { readonly called: string; readonly detected: string };

/** A package manager that the commands call instead of the project's own one; null if there is none. */
export const findOtherManager = (verify: readonly string[], { tools }: DetectedProject): OtherManager | null => {
  const programs = listPrograms(verify);
  for (const { manager } of tools) {
    const family = MANAGER_FAMILIES.find((names) => names.includes(manager)) ?? [];
    const called = programs.find((program) => family.includes(program));
    if (called !== undefined && !programs.includes(manager)) return { called, detected: manager };
  }
  return null;
};
