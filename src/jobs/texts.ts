import { appendFile, lstat, mkdir, realpath, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { ExecutionId } from "../model/ids.ts";
import { briefSection } from "../render/brief.ts";
import type { InputText } from "./inputs.ts";
import { type JobSpec, places } from "./spec.ts";
import type { StepHost } from "./step-host.ts";

/** Where an agent finds what earlier steps said, and leaves its report. Absolute paths, without links. */
export type Texts = {
  readonly directory: string;
  readonly report: string;
  /** The workspace that they are in; null where they are beside it. */
  readonly root: string | null;
};

/** The folder of an execution's texts in a workspace. What is in it is nobody's change. */
const folderOf = (execution: ExecutionId): string => `.enki/artifacts/${execution}`;

/** Whether a path of the workspace is in the folder of the texts, or in its place. */
export const isText = ({ execution }: Pick<JobSpec, "execution">, path: string): boolean =>
  path === folderOf(execution) || path.startsWith(`${folderOf(execution)}/`);

/** How an agent is told a file of the texts: from its working directory where it is there. */
export const shownPath = ({ root }: Texts, path: string): string => (root === null ? path : relative(root, path));

/** Lays out what earlier steps said as files, before an agent or a command runs. */
export const layTexts = async ({ workspace, temp }: StepHost, spec: JobSpec): Promise<Texts> => {
  const root = await realpath(workspace);
  const at = places(temp);
  const inside = await makeInside(root, spec.execution);
  const folder = inside ? join(root, folderOf(spec.execution)) : join(at.texts, spec.execution);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const directory = await realpath(folder);
  for (const { name, text } of textsOf(spec)) await writeFile(join(directory, `${name}.md`), text, { flag: "wx" });
  if (inside) for (const git of [join(root, ".git"), at.clone]) await exclude(git, folderOf(spec.execution));
  return { directory, report: join(directory, `${spec.step?.id ?? spec.kind}.md`), root: inside ? root : null };
};

/** No step's name begins so. */
const ISSUE = "_issue";

/** Whether there are texts for this job's agent. */
export const hasTexts = (spec: JobSpec): boolean => textsOf(spec).length > 0;

/** What earlier steps said. The prompt of a workflow's role is its author's: what people wrote on the issue is a file there. */
const textsOf = ({ inputs, piece, brief }: JobSpec): readonly InputText[] =>
  piece && brief ? [...inputs, { name: ISSUE, text: briefSection(brief) }] : inputs;

/** The file in which a workflow's role finds what people wrote on the issue; null where it has none. */
export const issueFile = (texts: Texts, { piece, brief }: JobSpec): string | null =>
  piece && brief ? shownPath(texts, join(texts.directory, `${ISSUE}.md`)) : null;

/**
 * Makes the folder in the workspace. False where the repository has something else there: a link would lead elsewhere,
 * and a folder of its own would be changed.
 */
const makeInside = async (root: string, execution: ExecutionId): Promise<boolean> => {
  const own = folderOf(execution).split("/");
  for (let depth = 1; depth <= own.length; depth += 1) {
    const path = join(root, ...own.slice(0, depth));
    const there = await lstat(path).catch(() => null);
    if (there && (depth === own.length || !there.isDirectory())) return false;
    if (!there) await mkdir(path);
  }
  return true;
};

/** Keeps a folder out of what `git status` shows and `git add` takes. */
const exclude = async (gitDirectory: string, folder: string): Promise<void> => {
  await mkdir(join(gitDirectory, "info"), { recursive: true });
  await appendFile(join(gitDirectory, "info", "exclude"), `\n/${folder}/\n`);
};
