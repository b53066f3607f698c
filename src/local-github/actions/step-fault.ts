/** Why a step failed, in words for its log. Anything else that is thrown is a bug of ours. */
export class StepFault extends Error {
  override readonly name = "StepFault";
}
