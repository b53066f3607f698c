import type { ForgeState } from "../api/forge-state.ts";

/** What the pages need of their server. */
export type PageServer = Pick<ForgeState, "url" | "now" | "after" | "repositories" | "sessions"> & {
  /** Looks for news elsewhere, at most as often as its owner allows; absent where the pages show the server's own repositories. */
  readonly refresh?: () => void;
};
