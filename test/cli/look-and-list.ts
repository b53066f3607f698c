/** A workflow of two sequential steps, which only report. */
export const LOOK_AND_LIST = `---
roles:
  look: { output: artifact }
  list: { output: artifact }
edges:
  - look -> list
---

## look

Look.

## list

List.
`;
