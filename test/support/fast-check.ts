import fc from "fast-check";

/** The suite tells the same stories every time; `ENKI_SEED` tells others. */
fc.configureGlobal({ seed: Number(process.env["ENKI_SEED"] ?? 1) });

export { fc };
