import { SERVER_ARTIFACT_ACTIONS } from "./set-up-step.ts";

const ARTIFACT_ACTION = /^( *(?:- )?uses: )(actions\/(?:upload|download)-artifact)@\S+(?: #.*)?$/;
/** An input that the earlier release does not know: it always includes hidden files. */
const NEW_INPUT = /^ +include-hidden-files: true$/;

/** A key that github.com has since 2026, and no release of the server that is known. Without it, each job makes a deployment. */
const NEW_ENVIRONMENT_KEY = ", deployment: false }";

/** A workflow file with keys and artifact actions that a GitHub Enterprise Server accepts. */
export const fitEnterpriseServer = (workflow: string): string =>
  workflow
    .replaceAll(NEW_ENVIRONMENT_KEY, " }")
    .split("\n")
    .filter((line) => !NEW_INPUT.test(line))
    .map((line) => {
      const [, start = "", name] = ARTIFACT_ACTION.exec(line) ?? [];
      const known = SERVER_ARTIFACT_ACTIONS.find((action) => action.name === name);
      return known ? `${start}${known.name}@${known.commit} # ${known.version}` : line;
    })
    .join("\n");

/** Whether a workflow file has a key that makes a GitHub Enterprise Server refuse the whole file. */
export const hasRefusedKeys = (workflow: string): boolean => workflow.includes(NEW_ENVIRONMENT_KEY);

/** Whether a workflow file has an artifact action of a release that a GitHub Enterprise Server refuses; other commits are not known. */
export const hasRefusedArtifacts = (workflow: string): boolean =>
  workflow.split("\n").some((line) => ARTIFACT_ACTION.test(line) && !/@v3\b|# v3\b/.test(line));
