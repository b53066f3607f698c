import type { ForgeAccount } from "./forge-actor.ts";

export type EmojiReaction = { readonly id: number; readonly by: ForgeAccount; readonly content: string; readonly created: number };
