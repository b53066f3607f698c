import type { Snapshot } from "../domain/decision.ts";
import { digestEffect, type Effect, isCreation } from "../domain/effect.ts";
import type { Millis } from "../domain/ids.ts";
import type { EffectRecord } from "../domain/ledger.ts";
import type { openSideRecords } from "./ledger-writer.ts";

type EffectRequestContext = {
  readonly snapshot: Snapshot;
  readonly records: Pick<ReturnType<typeof openSideRecords>, "effectRecord" | "putEffectRecord">;
  readonly requireSave: () => void;
  readonly wake: (at: Millis | null) => void;
};

/** Whether an effect needs no further request: it is done, or GitHub refused to create it. */
const isConcluded = (effect: Effect, { digest, refused }: EffectRecord): boolean =>
  isCreation(effect) ? typeof digest === "string" || Boolean(refused) : digest === digestEffect(effect);

/** The effects that a decision requests. */
export const openEffectRequests = ({ snapshot, records, requireSave, wake }: EffectRequestContext) => {
  const effects = new Map<string, Effect>();
  const repeated = new Set<string>();
  const record = (effect: Effect): void => {
    const trace = records.effectRecord(effect.key);
    if (trace) repeated.add(effect.key);
    const notBefore = snapshot.now + snapshot.graceMs;
    requireSave();
    records.putEffectRecord(effect.key, {
      at: snapshot.now,
      attempts: (trace?.attempts ?? 0) + 1,
      notBefore,
      refused: null,
      number: trace?.number ?? null,
      digest: null,
    });
    wake(notBefore);
  };
  return {
    /**
     * Requests an effect unless it is done, refused or waiting for its time. An effect that creates something is recorded before it is
     * performed; a later decision that finds the record waits for the grace period and looks the result up.
     */
    requestEffect: (effect: Effect): void => {
      const trace = records.effectRecord(effect.key);
      if (trace && isConcluded(effect, trace)) return;
      if (trace && trace.notBefore > snapshot.now) return wake(trace.notBefore);
      if (isCreation(effect)) record(effect);
      effects.set(effect.key, effect);
    },
    requestedEffects: () => ({ effects: [...effects.values()], repeated }),
  };
};
