/** GitHub's no, with its status and its words. */
export class Refusal extends Error {
  readonly status: number;
  readonly errors: readonly unknown[] | null;

  constructor(status: number, message: string, errors: readonly unknown[] | null = null) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

export const notFound = (): Refusal => new Refusal(404, "Not Found");

export const invalid = (resource: string, ...messages: readonly string[]): Refusal =>
  new Refusal(
    422,
    "Validation Failed",
    messages.map((message) => ({ resource, code: "custom", message })),
  );
