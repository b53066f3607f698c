import { STEP_TRIGGER } from "../github/step-trigger.ts";

/** The first line of the job's file; also tells that a repository is for the contract. */
export const MARK = "# Of Enki's contract: this repository holds nothing of value. `npm run contract` writes this file.";
/** The first line instead where a person named a repository with work twice: a killed run may leave the file, and the repository keeps its value. */
export const GUEST_MARK =
  "# Of Enki's contract, which a person permitted here. `npm run contract` writes this file, and removes it at its end.";
export const STEP_PATH = ".github/workflows/enki-step.yml";
export const ARTIFACT_NAME = "enki-result-abc";
const FOLLOWED_NAME = "contract pull";

/** Number of jobs that wake each other. GitHub documents no limit. */
export const MAX_HOPS = 5;

// A job that ends too early could not be stopped, and one that nobody stops must end: it costs minutes.
const STEP = `${MARK}
name: contract step
${STEP_TRIGGER}
permissions: { contents: read }
jobs:
  one:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - env: { TOKEN: "\${{ github.token }}", GO: "task/\${{ inputs.execution }}-go-\${{ inputs.attempt }}" }
        run: |
          for try in $(seq 120); do
            if curl --silent --fail --output /dev/null --header "Authorization: Bearer $TOKEN" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/git/ref/heads/$GO"; then break; fi
            sleep 2
          done
          echo result > result.txt
      - if: inputs.step == 'uploads'
        uses: actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0
        with: { name: ${ARTIFACT_NAME}, path: result.txt }
`;

const FOLLOW = `name: contract follow
on: { workflow_run: { workflows: ["${FOLLOWED_NAME}"], types: [completed] } }
permissions: {}
jobs:
  one: { runs-on: ubuntu-latest, timeout-minutes: 5, steps: [{ run: "true" }] }
`;

// Each hop wakes the next with the job's own token; the last one comments.
const HOP = `name: contract hop
run-name: hop \${{ github.event.client_payload.id }} \${{ github.event.client_payload.hop }}
on: { repository_dispatch: { types: [contract-hop] } }
permissions: { contents: write, issues: write }
jobs:
  one:
    runs-on: ubuntu-latest
    timeout-minutes: 5
    env:
      TOKEN: \${{ github.token }}
      ID: \${{ github.event.client_payload.id }}
      HOP: \${{ github.event.client_payload.hop }}
      ISSUE: \${{ github.event.client_payload.issue }}
    steps:
      - run: |
          send() { curl --silent --fail --output /dev/null --header "Authorization: Bearer $TOKEN" --data "$2" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/$1"; }
          next=$((HOP + 1))
          if [ "$next" -le ${MAX_HOPS} ]; then send dispatches "{\\"event_type\\":\\"contract-hop\\",\\"client_payload\\":{\\"id\\":\\"$ID\\",\\"hop\\":$next,\\"issue\\":$ISSUE}}"
          else send "issues/$ISSUE/comments" "{\\"body\\":\\"hop $HOP of $ID\\"}"; fi
`;

/** The required files of the default branch. */
export const DEFAULT_BRANCH_FILES: Readonly<Record<string, string>> = {
  [STEP_PATH]: STEP,
  ".github/workflows/contract-follow.yml": FOLLOW,
  ".github/workflows/contract-hop.yml": HOP,
};

/** The same for a repository with work. */
export const GUEST_FILES: typeof DEFAULT_BRANCH_FILES = { ...DEFAULT_BRANCH_FILES, [STEP_PATH]: STEP.replace(MARK, GUEST_MARK) };

const listener = (name: string, on: string): string =>
  `name: ${name}\non: ${on}\npermissions: {}\njobs:\n  one: { runs-on: ubuntu-latest, timeout-minutes: 5, steps: [{ run: "true" }] }\n`;

/** Files of single commits: a workflow of these events comes from the commit itself. */
export const PUSH_FILES = { ".github/workflows/contract-push.yml": listener("contract push", "[push, create]") };
export const PULL_FILES = { ".github/workflows/contract-pull.yml": listener(FOLLOWED_NAME, "[pull_request, pull_request_review]") };
