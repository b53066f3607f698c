import { parseXml, XmlElement } from "@rgrove/parse-xml";
import { MAX_TEST_NAME_CHARS } from "../domain/flaky-check.ts";
import { stripHiddenChars, takeFirstChars } from "../domain/visible-text.ts";

/** Elements for a failed test case in Ant's JUnit format and its successors. */
const FAILURE_ELEMENTS: ReadonlySet<string> = new Set(["failure", "error"]);
const REPORT_ELEMENTS: ReadonlySet<string> = new Set(["testsuites", "testsuite"]);

/**
 * The failed tests of a JUnit XML report, each as `suite > class > name`; null if the text is no such report. Code that was tested wrote
 * the report, so it may only choose what runs again, never a verdict.
 */
export const readFailedTests = (xml: string): readonly string[] | null => {
  try {
    // As XML says; the parser itself would copy the whole rest for each such line end.
    const { root } = parseXml(xml.replaceAll(/\r\n?/g, "\n"), { ignoreUndefinedEntities: true });
    return root !== null && REPORT_ELEMENTS.has(root.name) ? listFailedTests(root) : null;
  } catch {
    // Not well-formed, or nested too deeply.
    return null;
  }
};

type OpenElement = { readonly element: XmlElement; readonly suites: readonly string[] };

const listFailedTests = (root: XmlElement): string[] => {
  const open: OpenElement[] = [{ element: root, suites: [] }];
  const failed = new Set<string>();
  for (const { element, suites } of open) {
    const { name, attributes, children } = element;
    const inside = children.filter((child) => child instanceof XmlElement);
    if (name === "testcase") {
      if (inside.some((child) => FAILURE_ELEMENTS.has(child.name)))
        failed.add(toTestName([...suites, attributes["classname"], attributes["name"]]));
    } else if (REPORT_ELEMENTS.has(name)) {
      const named = name === "testsuite" ? [...suites, attributes["name"] ?? ""] : suites;
      for (const child of inside) open.push({ element: child, suites: named });
    }
  }
  return [...failed];
};

/** The form in which a test is known: one line without hidden characters, and no part twice in a row. */
const toTestName = (parts: readonly (string | undefined)[]): string => {
  const named = parts.filter((part, at) => part && part !== parts[at - 1]);
  return takeFirstChars(stripHiddenChars(named.join(" > ")).replaceAll(/\s+/g, " ").trim(), MAX_TEST_NAME_CHARS);
};
