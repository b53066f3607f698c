import { appendFile, lstat, mkdir, realpath, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ExecutionId } from "../core/domain/ids.ts";
import { renderBriefSection } from "../core/messages/brief-section.ts";
import type { InputText } from "./earlier-texts.ts";
import { type JobSpec, toJobPaths } from "./job-spec.ts";
import type { StepHost } from "./step-host.ts";

/** The directory with earlier steps' texts, and the path of the report to write. Absolute paths without links. */
export type StepTexts = {
  readonly directory: string;
  readonly report: string;
  /** The workspace that contains the directory; null if the directory is outside it. */
  readonly workspaceRoot: string | null;
};

/** The texts' folder in the workspace; its contents never count as changes. */
export const toTextsFolder = (execution: ExecutionId): string => `.enki/artifacts/${execution}`;

/** Whether a path of the workspace is this folder or inside it. */
export const isTextPath = ({ execution }: Pick<JobSpec, "execution">, path: string): boolean =>
  path === toTextsFolder(execution) || path.startsWith(`${toTextsFolder(execution)}/`);

/** The path as the agent sees it: relative to the workspace if it is inside. */
export const formatTextPath = ({ workspaceRoot }: StepTexts, path: string): string =>
  workspaceRoot === null ? path : relative(workspaceRoot, path);

/** Writes earlier steps' texts as files before an agent or command runs. */
export const writeStepTexts = async ({ workspace, temp }: StepHost, spec: JobSpec): Promise<StepTexts> => {
  const root = await realpath(workspace);
  const at = toJobPaths(temp);
  const inside = await createTextsFolder(root, spec.execution);
  const folder = inside ? join(root, toTextsFolder(spec.execution)) : join(at.texts, spec.execution);
  if (!inside) await mkdir(at.texts, { recursive: true, mode: 0o711 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const directory = await realpath(folder);
  for (const { name, text } of listAgentTexts(spec)) await writeFile(join(directory, `${name}.md`), text, { flag: "wx" });
  if (inside) for (const git of [join(root, ".git"), at.clone]) await excludeFromGit(git, toTextsFolder(spec.execution));
  return { directory, report: join(directory, `${spec.step?.id ?? spec.kind}.md`), workspaceRoot: inside ? root : null };
};

/** Step ids never start with an underscore. */
const ISSUE_TEXT_NAME = "_issue";

export const hasStepTexts = (spec: JobSpec): boolean => listAgentTexts(spec).length > 0;

/** Earlier steps' texts. A workflow's prompt belongs to its author, so the issue is added as a file instead. */
const listAgentTexts = ({ inputs, nodeRun, brief }: JobSpec): readonly InputText[] =>
  nodeRun && brief ? [...inputs, { name: ISSUE_TEXT_NAME, text: renderBriefSection(brief) }] : inputs;

/** The file with the issue for a workflow's role; null if there is none. */
export const findIssueFile = (texts: StepTexts, { nodeRun, brief }: JobSpec): string | null =>
  nodeRun && brief ? formatTextPath(texts, join(texts.directory, `${ISSUE_TEXT_NAME}.md`)) : null;

/**
 * Creates the folder in the workspace. Returns false if the repository occupies that path: a link would lead elsewhere, and an existing folder
 * would be changed.
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

/** Hides a folder from `git status` and `git add`. */
const excludeFromGit = async (gitDirectory: string, folder: string): Promise<void> => {
  await mkdir(join(gitDirectory, "info"), { recursive: true });
  await appendFile(join(gitDirectory, "info", "exclude"), `\n/${folder}/\n`);
};
