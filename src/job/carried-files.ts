import type { JobResult } from "../core/domain/job.ts";
import type { BundleFile } from "../core/policy/check-bundle.ts";
import type { OpenedBundle } from "./job-bundle.ts";

/** A changed file of a bundle with its content; null if it was deleted. */
export type CarriedFile = OpenedBundle["report"]["files"][number] & { readonly content: Buffer | null };

/** The files of a bundle with their contents, one after the other; null for a file without content, such as a link. */
export async function* readBundleFiles({ report, content }: OpenedBundle): AsyncGenerator<CarriedFile | null> {
  for (const [index, file] of report.files.entries()) {
    const bytes = file.kind === "deleted" ? null : await content(index);
    yield file.kind !== "deleted" && !bytes ? null : { ...file, content: bytes };
  }
}

/** All files of a bundle with their contents; null if one is missing. */
export const readBundleContents = async (bundle: OpenedBundle): Promise<CarriedFile[] | null> => {
  const carried: CarriedFile[] = [];
  for await (const file of readBundleFiles(bundle)) {
    if (!file) return null;
    carried.push(file);
  }
  return carried;
};

export const toBundleFile = ({ content, ...file }: CarriedFile): BundleFile => ({ ...file, text: content?.toString("utf8") ?? null });
export const toFileMode = ({ executable }: CarriedFile): "100644" | "100755" => (executable ? "100755" : "100644");
export const toResultFile = (file: CarriedFile): JobResult["files"][number] => ({
  path: file.path,
  mode: file.kind === "deleted" ? null : toFileMode(file),
});
