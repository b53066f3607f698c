import type { openAgentWatch } from "./agent-watch.ts";
import type { openMessageCollector } from "./message-collector.ts";

/** An ended turn: the agent's last message, and a signal to end what is done with it. */
export type EndedTurn = { readonly answer: string; readonly stop: AbortSignal };

/** Returns a further prompt for the session, or null to end the session. */
export type TurnEndHandler = (turn: EndedTurn) => Promise<string | null>;

type TurnParts = {
  readonly onTurnEnd: TurnEndHandler | undefined;
  readonly messages: Pick<ReturnType<typeof openMessageCollector>, "messages" | "endTurn">;
  readonly watch: Pick<ReturnType<typeof openAgentWatch>, "rest" | "wake">;
  readonly stop: AbortSignal;
};

/** Ends the turns of a session, and lets the limits of the agent rest until the next one. */
export const openSessionTurns = ({ onTurnEnd, messages, watch, stop }: TurnParts) => {
  let handled: Promise<string | null> | null = null;
  const handle = async (handler: TurnEndHandler): Promise<string | null> => {
    watch.rest();
    messages.endTurn();
    const prompt = await handler({ answer: messages.messages().at(-1) ?? "", stop });
    return watch.wake() ? prompt : null;
  };
  return {
    /** Returns the next prompt; null if there is none. */
    end: (): Promise<string | null> => {
      if (onTurnEnd === undefined) return Promise.resolve(null);
      handled = handle(onTurnEnd).finally(() => {
        handled = null;
      });
      return handled;
    },
    /** The turn whose end is being handled; null if there is none. */
    handled: (): Promise<string | null> | null => handled,
  };
};

export type SessionTurns = ReturnType<typeof openSessionTurns>;
