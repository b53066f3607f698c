import { detectProject } from "../../core/setup/detect-project.ts";
import type { ComparedFile } from "../../core/setup/doctor/doctor-facts.ts";
import { dropFirstLine, readOrigin, toUnixLines } from "../../core/setup/generated-file.ts";
import { CONFIG_PATH, renderSetUp } from "../../core/setup/plan-set-up.ts";
import { readPresentChoices } from "../../core/setup/present-choices.ts";
import { VENDOR_DIRECTORY } from "../../core/setup/render-step-workflow.ts";
import { DEFAULT_AGENT, isOnServer } from "../set-up/choose-set-up.ts";
import { hasFirstLine, hashText } from "../set-up/planned-files.ts";
import { chooseJobs } from "../set-up/read-jobs-section.ts";
import type { OwnRepository } from "../set-up/read-repository-facts.ts";
import { readShippedFiles } from "../set-up/shipped-files.ts";
import type { TerminalHost } from "../terminal-host.ts";

/** Compares the files of a set-up with those that `enki init` would write now. A missing file has a check of its own. */
export const compareSetUp = async (terminal: TerminalHost, own: OwnRepository): Promise<ComparedFile[]> => {
  const { facts, remote } = own;
  const present = readPresentChoices(facts.read, hashText);
  const project = detectProject(facts);
  const wanted = renderSetUp(await readShippedFiles(terminal.root, present.isVendored), {
    ...present,
    // Only the configuration shows the origin.
    verifyOrigin: "named",
    project,
    agent: present.agent ?? DEFAULT_AGENT,
    jobs: chooseJobs(facts.read(CONFIG_PATH), { isBilled: false, usesApp: present.usesApp, remote }),
    isOnServer: isOnServer(own),
  });
  return [...wanted].flatMap(([path, text]) => {
    const read = facts.read(path);
    if (path === CONFIG_PATH || read === null) return [];
    const isWhole = path.startsWith(`${VENDOR_DIRECTORY}/`) && !hasFirstLine(path);
    return [{ path, origin: isWhole ? "generated" : readOrigin(read, hashText), present: dropFirstLine(read), wanted: toUnixLines(text) }];
  });
};
