import { ACTION_REFERENCE } from "../domain/product.ts";

const PUBLISH_JOB = "\n  publish:\n";
const PERMISSIONS = "    permissions: { contents: write }\n";
const DELIVER = "          command: deliver\n";

const COORDINATOR_PERMISSIONS = `    # The last steps coordinate: see enki.yml.
    permissions:
      actions: write
      checks: read
      contents: write
      issues: write
      pull-requests: write
      statuses: write
`;

/** A failed coordinator must not change the run's conclusion, which the coordinator compares with the result. */
const COORDINATOR_STEPS = `      # If few other results are expected, coordinates in this job. For many results, enki.yml coordinates once.
      - id: coordinate
        if: steps.publish.outputs.commit != '' && steps.publish.outputs.coordinates == 'true'
        continue-on-error: true
        timeout-minutes: 10
        uses: ${ACTION_REFERENCE}
        with:
          command: coordinate
          token: \${{ github.token }}
          app-id: \${{ vars.ENKI_APP_ID }}
          private-key: \${{ secrets.ENKI_APP_KEY }}
          ledger-key: \${{ secrets.ENKI_LEDGER_KEY }}
        env:
          ENKI_NOTIFY_WEBHOOK: \${{ secrets.ENKI_NOTIFY_WEBHOOK }}
          ENKI_NOTIFY_KEY: \${{ secrets.ENKI_NOTIFY_KEY }}
          OTEL_EXPORTER_OTLP_ENDPOINT: \${{ vars.OTEL_EXPORTER_OTLP_ENDPOINT }}
          OTEL_EXPORTER_OTLP_HEADERS: \${{ secrets.OTEL_EXPORTER_OTLP_HEADERS }}
      # enki.yml continues after a failure, and waits for a moment that is near.
      - if: steps.coordinate.outcome == 'failure' || steps.coordinate.outputs.wake-in != ''
        uses: ${ACTION_REFERENCE}
        with:
          command: clock
          token: \${{ github.token }}
          wait: "0"
          job-result: success

  # If the machine that publishes fails, enki.yml coordinates.
  rescue:
    needs: publish
    if: always() && needs.publish.result == 'failure'
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions: { contents: write }
    steps:
      - uses: ${ACTION_REFERENCE}
        with:
          command: clock
          token: \${{ github.token }}
          wait: "0"
          job-result: failure
`;

/** `enki-step.yml` whose publish job coordinates after it delivered the result, from the shipped file. Throws for any other file. */
export const coordinateInPublish = (shipped: string): string => {
  const start = shipped.indexOf(PUBLISH_JOB);
  const job = shipped.slice(start);
  if (start < 0 || !job.includes(PERMISSIONS) || !job.includes(DELIVER)) throw new Error("enki-step.yml has no job that publishes");
  const coordinating = job
    .replace(PERMISSIONS, () => COORDINATOR_PERMISSIONS)
    .replace(DELIVER, () => `${DELIVER}          wake: \${{ steps.publish.outputs.coordinates != 'true' }}\n`);
  return `${shipped.slice(0, start)}${coordinating.trimEnd()}\n${COORDINATOR_STEPS}`;
};
