/** A failure of a step, with the message for its log. Any other thrown value is a bug of the runner. */
export class StepFault extends Error {
  override readonly name = "StepFault";
}
