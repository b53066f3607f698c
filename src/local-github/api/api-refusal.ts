/** An error answer of the API, with GitHub's status and message. */
export class ApiRefusal extends Error {
  readonly status: number;
  readonly errors: readonly unknown[] | null;

  constructor(status: number, message: string, errors: readonly unknown[] | null = null) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

export const notFoundRefusal = (): ApiRefusal => new ApiRefusal(404, "Not Found");

export const validationRefusal = (resource: string, ...messages: readonly string[]): ApiRefusal =>
  new ApiRefusal(
    422,
    "Validation Failed",
    messages.map((message) => ({ resource, code: "custom", message })),
  );
