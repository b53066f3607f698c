import { appendFile, lstat, mkdir, realpath, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ExecutionId } from "../core/domain/ids.ts";
import { renderBriefSection } from "../core/messages/brief-section.ts";
import type { InputText } from "./earlier-texts.ts";
import { type JobSpec, toJobPaths } from "./job-spec.ts";
import type { StepHost } from "./step-host.ts";

/** Where an agent finds what earlier steps said, and leaves its report. Absolute paths, without links. */
export type StepTexts = {
  readonly directory: string;
  readonly report: string;
  /** The workspace that they are in; null where they are beside it. */
  readonly workspaceRoot: string | null;
};

/** The folder of an execution's texts in a workspace. What is in it is nobody's change. */
const toTextsFolder = (execution: ExecutionId): string => `.enki/artifacts/${execution}`;

/** Whether a path of the workspace is in the folder of the texts, or in its place. */
export const isTextPath = ({ execution }: Pick<JobSpec, "execution">, path: string): boolean =>
  path === toTextsFolder(execution) || path.startsWith(`${toTextsFolder(execution)}/`);

/** How an agent is told a file of the texts: from its working directory where it is there. */
export const formatTextPath = ({ workspaceRoot }: StepTexts, path: string): string =>
  workspaceRoot === null ? path : relative(workspaceRoot, path);

/** Lays out what earlier steps said as files, before an agent or a command runs. */
export const writeStepTexts = async ({ workspace, temp }: StepHost, spec: JobSpec): Promise<StepTexts> => {
  const root = await realpath(workspace);
  const at = toJobPaths(temp);
  const inside = await createTextsFolder(root, spec.execution);
  const folder = inside ? join(root, toTextsFolder(spec.execution)) : join(at.texts, spec.execution);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const directory = await realpath(folder);
  for (const { name, text } of listAgentTexts(spec)) await writeFile(join(directory, `${name}.md`), text, { flag: "wx" });
  if (inside) for (const git of [join(root, ".git"), at.clone]) await excludeFromGit(git, toTextsFolder(spec.execution));
  return { directory, report: join(directory, `${spec.step?.id ?? spec.kind}.md`), workspaceRoot: inside ? root : null };
};

/** No step's name begins so. */
const ISSUE_TEXT_NAME = "_issue";

/** Whether there are texts for this job's agent. */
export const hasStepTexts = (spec: JobSpec): boolean => listAgentTexts(spec).length > 0;

/** What earlier steps said. The prompt of a workflow's role is its author's: what people wrote on the issue is a file there. */
const listAgentTexts = ({ inputs, nodeRun, brief }: JobSpec): readonly InputText[] =>
  nodeRun && brief ? [...inputs, { name: ISSUE_TEXT_NAME, text: renderBriefSection(brief) }] : inputs;

/** The file in which a workflow's role finds what people wrote on the issue; null where it has none. */
export const findIssueFile = (texts: StepTexts, { nodeRun, brief }: JobSpec): string | null =>
  nodeRun && brief ? formatTextPath(texts, join(texts.directory, `${ISSUE_TEXT_NAME}.md`)) : null;

/**
 * Makes the folder in the workspace. False where the repository has something else there: a link would lead elsewhere,
 * and a folder of its own would be changed.
 */
const createTextsFolder = async (root: string, execution: ExecutionId): Promise<boolean> => {
  const own = toTextsFolder(execution).split("/");
  for (let depth = 1; depth <= own.length; depth += 1) {
    const path = join(root, ...own.slice(0, depth));
    const there = await lstat(path).catch(() => null);
    if (there && (depth === own.length || !there.isDirectory())) return false;
    if (!there) await mkdir(path);
  }
  return true;
};

/** Keeps a folder out of what `git status` shows and `git add` takes. */
const excludeFromGit = async (gitDirectory: string, folder: string): Promise<void> => {
  await mkdir(join(gitDirectory, "info"), { recursive: true });
  await appendFile(join(gitDirectory, "info", "exclude"), `\n/${folder}/\n`);
};
