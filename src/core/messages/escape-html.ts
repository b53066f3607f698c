import { showHiddenChars } from "../domain/visible-text.ts";

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escapes a text for an element or a quoted attribute. */
export const escapeHtml = (text: string): string => showHiddenChars(text).replace(/[&<>"']/g, (letter) => ENTITIES[letter] ?? "");
