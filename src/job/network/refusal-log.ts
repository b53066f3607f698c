import { appendFile } from "node:fs/promises";
import {
  countNetworkRefusals,
  describeNetworkRefusal,
  type NetworkRefusal,
  summarizeNetworkRefusals,
} from "../../core/messages/network-text.ts";

const MAX_NAMED_REFUSALS = 50;
const MAX_COUNTED_REFUSALS = 10_000;

type RefusalLogOptions = {
  readonly onNote: (sentence: string) => void;
  /** The file of the run's summary; undefined outside of Actions. */
  readonly summary: string | undefined;
};

/** Names each refused host once, and all of them in the run's summary. */
export const openNetworkRefusalLog = ({ onNote, summary }: RefusalLogOptions) => {
  const seen = new Set<string>();
  const named = new Set<string>();
  return {
    receive: (refusal: NetworkRefusal): void => {
      const key = `${refusal.reason} ${refusal.asked}`;
      if (seen.has(key) || seen.size >= MAX_COUNTED_REFUSALS) return;
      seen.add(key);
      if (seen.size > MAX_NAMED_REFUSALS) return;
      named.add(refusal.asked);
      onNote(describeNetworkRefusal(refusal));
    },
    end: async (): Promise<void> => {
      if (seen.size > MAX_NAMED_REFUSALS) onNote(countNetworkRefusals(seen.size));
      if (seen.size === 0 || !summary) return;
      const more = Math.max(0, seen.size - MAX_NAMED_REFUSALS);
      await appendFile(summary, `${summarizeNetworkRefusals([...named], named.size + more)}\n`).catch(() => undefined);
    },
  };
};
