const MAX_PATH_CHARS = 2_000;

/** A path of this server; `/` for any other text, so that no link and no form leads elsewhere. */
export const toLocalPath = (text: string | undefined): string =>
  text !== undefined && text.length <= MAX_PATH_CHARS && /^\/(?![/\\])[\x21-\x7e]*$/.test(text) ? text : "/";
