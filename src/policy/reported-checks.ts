import { OUR_STATUS, type RequiredCheck, type Rules, type WorkflowFile } from "../model/query.ts";
import type { Terms } from "../model/queue.ts";
import { accept, refuse, type Refused, type Result } from "../model/refusal.ts";
import { ACTIONS, type Reported, whereReported } from "./workflow-files.ts";

/** Who reports the required checks, and where they are waited for. */
export type Gate = Pick<Terms, "checks" | "heads" | "byHand" | "told">;

type Asked = {
  readonly base: string;
  readonly mode: Terms["mode"];
  /** Those of the rules: GitHub wants them on the commit that lands, or on the head of the pull request. */
  readonly rules: Rules["checks"];
  /** Those of the configuration, which only Enki waits for. */
  readonly own: readonly RequiredCheck[];
  readonly files: readonly WorkflowFile[];
};

const keyOf = ({ name, app }: RequiredCheck): string => JSON.stringify([name, app]);

/** True for what workflows of this repository may report, as far as a name and an app tell. */
export const isFromWorkflows = ({ name, app }: RequiredCheck): boolean =>
  name !== "*" && name !== OUR_STATUS && (app === null || ACTIONS.has(app));

/**
 * Where each required check is waited for: on the candidate, or on the head of its pull request where workflows report it only there.
 * `enki/refinery` is Enki's own, and is set before the landing. Refusal: `unreported-check`, for one that would be waited for in vain.
 */
export const chooseGate = ({ base, mode, rules, own, files }: Asked): Result<Gate> => {
  const found: Found = { checks: new Map(), heads: new Map(), byHand: new Set(), told: new Set() };
  for (const check of [...own, ...rules]) {
    const isRule = rules.includes(check);
    const refused =
      check.name === OUR_STATUS
        ? tell(found, check, isRule)
        : place(found, { base, check, mode, isRule, where: whereOf(check, files, base) });
    if (refused) return refused;
  }
  return accept(gateOf(found));
};

const whereOf = (check: RequiredCheck, files: readonly WorkflowFile[], base: string): Reported | null =>
  isFromWorkflows(check) ? whereReported(files, check, base) : null;

type Placing = Pick<Asked, "base" | "mode"> & { readonly check: RequiredCheck; readonly isRule: boolean; readonly where: Reported | null };

/** Puts a check where it is waited for; a refusal where it would be waited for in vain. */
const place = (found: Found, placing: Placing): Refused | null => {
  const { base, check, mode, isRule, where } = placing;
  if (mode === "queue" && isRule) return placeQueued(found, placing);
  if (where === null || where.candidate) found.checks.set(keyOf(check), check);
  else if (mode === "each" && where.pull) found.heads.set(keyOf(check), check);
  else if (where.byHand === null || (isRule && check.app !== null)) return unreported(base, check, where);
  else startByHand(found, check, { file: where.byHand, isRule });
  return null;
};

/** Before a pull request is queued its own checks must be green, and then those of its merge group. */
const placeQueued = ({ heads }: Found, { base, check, where }: Placing): Refused | null => {
  if (where !== null && !(where.group && (where.pull || where.candidate))) return unqueued(base, check, where);
  heads.set(keyOf(check), check);
  return null;
};

type Found = {
  readonly checks: Map<string, RequiredCheck>;
  readonly heads: Map<string, RequiredCheck>;
  readonly byHand: Set<string>;
  readonly told: Set<string>;
};

const tell = ({ told }: Found, { name }: RequiredCheck, isRule: boolean): null => {
  if (isRule) told.add(name);
  return null;
};

/** What is started by hand counts for no rule of GitHub: its end is told once more, as a status. */
const startByHand = (found: Found, check: RequiredCheck, { file, isRule }: { file: string; isRule: boolean }): void => {
  found.checks.set(keyOf(check), check);
  found.byHand.add(file);
  tell(found, check, isRule);
};

const gateOf = ({ checks, heads, byHand, told }: Found): Gate => ({
  checks: [...checks.values()],
  ...(heads.size > 0 && { heads: [...heads.values()] }),
  ...(byHand.size > 0 && { byHand: [...byHand] }),
  ...(told.size > 0 && { told: [...told] }),
});

const unqueued = (base: string, { name }: RequiredCheck, { files }: Reported): Refused => {
  const check = `The check \`${name.replaceAll("`", "'")}\` is required on \`${base}\``;
  const [file] = files;
  const why = `${check}, and ${file === undefined ? "no workflow has a job of that name" : `\`${file}\` does not report it both on pull requests and on merge groups`}, so GitHub's merge queue would wait for it forever.`;
  return refuse(
    "unreported-check",
    why,
    `give ${file === undefined ? "a workflow with that job" : `\`${file}\``} the triggers \`pull_request\` and \`merge_group\``,
  );
};

const unreported = (base: string, { name, app }: RequiredCheck, where: Reported): Refused => {
  const check = `The check \`${name.replaceAll("`", "'")}\``;
  const [file] = where.files;
  if (file === undefined)
    return refuse(
      "unreported-check",
      `${check} of GitHub Actions is required on \`${base}\`, but no workflow there has a job of that name, so nothing can land.`,
      "add a job of that name to a workflow, or remove the requirement",
    );
  const why = `${check} is required on \`${base}\`, but \`${file}\` does not report it on the commits that Enki verifies, so nothing can land.`;
  const byHand = app === null ? ` or give it the trigger \`workflow_dispatch\`,` : "";
  const each = where.pull ? ' or set [refinery] landing = "each"' : ' or, if it runs on pull requests, set [refinery] landing = "each"';
  return refuse("unreported-check", why, `let \`${file}\` run on pushes to \`enki/candidate/**\`,${byHand}${each}`);
};
