import type { Millis } from "../domain/ids.ts";

/** A duration with at most two units: `35 s`, `4 min 5 s`, `2 h 3 min`. */
export const formatDuration = (millis: Millis): string => {
  const seconds = Math.round(millis / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 === 0 ? "" : ` ${seconds % 60} s`}`;
  const hours = Math.floor(minutes / 60);
  return `${hours} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
};
