import { mkdir, writeFile } from "node:fs/promises";
import { branchRef } from "../model/refs.ts";
import { accept, type Result } from "../model/refusal.ts";
import { claimJob } from "./claim.ts";
import { beginConflict } from "./conflict.ts";
import { type JobHost, readRepository } from "./job-host.ts";
import { type JobSpec, places } from "./spec.ts";
import { bring, checkOut, EARLIER } from "./workspace.ts";

/**
 * The first step of a job, and the only one with a token: reads what is to be done, writes it down, and checks its base out without a trace of the token.
 * Refusals, each of which ends the job without work: those of {@link claimJob}.
 */
export const prepareJob = async (host: JobHost, token: string): Promise<Result<JobSpec>> => {
  const at = places(host.temp);
  await mkdir(at.root, { recursive: true, mode: 0o700 });
  const { clone, ledger, refs, config } = await readRepository(host, token, at.clone);
  const claimed = claimJob({ ledger, refs, config, job: host.job });
  if (!claimed.ok) return claimed;
  const { base, earlier } = claimed.value;
  const conflict = claimed.value.conflict && (await beginConflict({ clone, ledger }, base, claimed.value.conflict));
  await checkOut(clone.running, { from: at.clone, to: host.workspace, commit: conflict?.merge ?? base });
  const brought =
    earlier !== null && (await bring(clone.running, { from: at.clone, to: host.workspace, commit: earlier.commit, as: EARLIER }));
  const pullBase = claimed.value.brief?.pull?.base;
  const tip = pullBase === undefined ? undefined : refs[branchRef(pullBase)];
  // An agent compares a pull request with it. The clone has its objects already.
  if (tip !== undefined)
    await bring(clone.running, { from: at.clone, to: host.workspace, commit: tip, as: `refs/remotes/origin/${pullBase}` });
  const spec = { ...claimed.value, conflict, earlier: brought ? earlier : null };
  await writeFile(at.spec, JSON.stringify(spec), { mode: 0o600 });
  return accept(spec);
};
