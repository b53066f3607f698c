import { afterAll } from "vitest";
import { runCleanings } from "./cleanings.ts";

// A setup file runs again for each test file; a shared module registers its hooks only with the first file.
afterAll(runCleanings);
