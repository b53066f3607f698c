import type { Millis } from "../domain/ids.ts";

/** A duration with at most two units: `35 s`, `4 min 5 s`, `2 h 3 min`, `40 d`. */
export const formatDuration = (millis: Millis): string => {
  const seconds = Math.round(millis / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min${seconds % 60 === 0 ? "" : ` ${seconds % 60} s`}`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} d${hours % 24 === 0 ? "" : ` ${hours % 24} h`}`;
  return `${hours} h${minutes % 60 === 0 ? "" : ` ${minutes % 60} min`}`;
};
