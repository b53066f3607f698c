import { trustMarkup, type SafeHtml } from "./safe-html.ts";

/** Strokes within a circle of radius 8 around the origin. */
const STATE_STROKES: Readonly<Record<string, string>> = {
  done: "M-3.5,0.5L-1,3L3.5,-2.5",
  running: "M-2,-3.5L3.5,0L-2,3.5Z",
  waiting: "M-1.8,-3V3M1.8,-3V3",
  failed: "M-2.8,-2.8L2.8,2.8M2.8,-2.8L-2.8,2.8",
  blocked: "M-3.2,0H3.2",
  pending: "M-3,0H-2.9M0,0H0.1M2.9,0H3",
};

/** The sign of a state at a point of a picture, without fonts. The words beside the sign say the same. */
export const drawStateIcon = (state: string, at: { readonly x: number; readonly y: number }): SafeHtml =>
  trustMarkup(
    `<g class="sign" transform="translate(${at.x} ${at.y})" aria-hidden="true"><circle r="8"/><path d="${STATE_STROKES[state] ?? STATE_STROKES["pending"] ?? ""}"/></g>`,
  );
