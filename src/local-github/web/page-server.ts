import type { ForgeState } from "../api/forge-state.ts";

/** What the pages need of their server. */
export type PageServer = Pick<ForgeState, "url" | "now" | "after" | "repositories" | "sessions">;
