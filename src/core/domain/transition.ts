/** A named change of state: from which states, and to which. */
export type Transition<State extends string> = {
  readonly from: readonly State[];
  readonly to: readonly State[];
  /** When it happens, for docs/architecture.md. */
  readonly when: string;
};
