import { expect, test } from "vitest";
import { promptTemplate } from "../../../src/core/messages/prompt-template.ts";

const list = promptTemplate("\n{{#each all}}\n- {{this}}\n{{/each}}\n{{#if last}}\n\nLast: {{last}}\n{{/if}}\n");

test("conditions and lists leave no empty lines behind", () => {
  expect(list({ all: ["a", "b"], last: "" })).toBe("- a\n- b");
  expect(list({ all: ["a"], last: "b" })).toBe("- a\n\nLast: b");
});

test.each(["{{last}}", "{{#each all}}", "{{> partial}}", "<b>&amp;'\"`", "\\{{x}}"])("%s in a value is data", (hostile) => {
  expect(list({ all: [hostile], last: hostile })).toBe(`- ${hostile}\n\nLast: ${hostile}`);
});

test("a missing value throws", () => {
  expect(() => promptTemplate("{{nobody}}")({})).toThrow("nobody");
});
