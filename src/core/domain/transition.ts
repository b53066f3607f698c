/** A named change of state: the states before and after. */
export type Transition<State extends string> = {
  readonly from: readonly State[];
  readonly to: readonly State[];
  /** When it happens, for docs/architecture.md. */
  readonly when: string;
};
