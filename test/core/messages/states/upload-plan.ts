import { plan, step } from "../../../support/build.ts";

export const LIMIT = step("limit", {
  title: "Allow uploads of up to 10 MB",
  description: "Raise the limit in `nginx.conf` and `config.json` to 10 MB. The two must stay equal.",
  tier: "light",
});
export const TEST = step("test", {
  title: "Test an upload of 5 MB",
  description: "A file of 5 MB is stored, one of 11 MB is refused.",
  needs: ["limit"],
  paths: ["test/**"],
  verify: ["node --test test/large-upload.test.js"],
});
export const DOCS = step("docs", {
  title: "Name the limit in the manual",
  description: "Say in `docs/uploads.md` that 10 MB are allowed.",
});

/** Two parallel steps, and a third step after the first. */
export const UPLOAD = plan(LIMIT, TEST, DOCS);
