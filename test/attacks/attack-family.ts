import { describe, expect, test } from "vitest";

/** The end of one attack: the code that stopped it, or the attacker's gain. */
export type AttackEnd = { readonly stopped: string } | { readonly through: string };

/** Variants of one attack by name; `expected` is the code that must stop the variant, any code if absent. */
export type AttackVariants<T> = Readonly<Record<string, T & { readonly expected?: string }>>;

/**
 * Registers one test for each variant of an attack, in the family that `npm run attacks` counts.
 * A test fails if its variant gets through, or if an unexpected code stops the variant.
 */
export const attackFamily = <T extends object>(
  family: string,
  variants: AttackVariants<T>,
  run: (variant: T) => AttackEnd | Promise<AttackEnd>,
): void => {
  describe(`attack: ${family}`, () => {
    test.each(Object.entries(variants))("%s", async (_, variant) => {
      const end = await run(variant);
      expect(end).toEqual({ stopped: variant.expected ?? expect.stringMatching(/^[a-z][a-z-]*$/) });
    });
  });
};
