/** With this argument, the program of foreign steps loads its code, of which its compiled form is stored, and ends. */
export const STORE_CODE_ARGUMENT = "store-code";
