import type { DoctorFacts } from "./doctor-facts.ts";
import { FILE_CHECKS } from "./file-checks.ts";
import type { Finding } from "./finding.ts";
import { GITHUB_CHECKS } from "./github-checks.ts";
import { MACHINE_CHECKS } from "./machine-checks.ts";

const CHECKS = [...MACHINE_CHECKS, ...FILE_CHECKS, ...GITHUB_CHECKS];

/** Judges a repository and its machine: errors first. */
export const examine = (facts: DoctorFacts): Finding[] => {
  const findings = CHECKS.flatMap((check) => check(facts));
  return [...findings.filter(({ level }) => level === "error"), ...findings.filter(({ level }) => level === "warning")];
};
