import { afterAll } from "vitest";
import { runCleanings } from "./cleanings.ts";

// A setup file runs again for each test file; a module that test files share registers its hooks with the first of them only.
afterAll(runCleanings);
