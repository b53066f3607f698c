/** The start of a step workflow that a contract stage installs: Enki's title and inputs of a run. */
export const STEP_TRIGGER = `run-name: \${{ inputs.kind }}/\${{ inputs.target }}/\${{ inputs.attempt }}
on:
  workflow_dispatch:
    inputs:
      kind: { required: true }
      execution: { required: true }
      step: { required: true }
      attempt: { required: true }
      target: { required: true }`;
