import { describe, expect, test } from "vitest";
import { readFailedTests } from "../../../src/core/policy/test-report.ts";

/** Reports of the runners, reduced to the relevant parts. */
const REPORTS: Readonly<Record<string, { readonly xml: string; readonly failed: readonly string[] }>> = {
  node: {
    xml: `<?xml version="1.0" encoding="utf-8"?>
<testsuites>
  <testsuite name="outer" tests="2" failures="1" hostname="vm">
    <testcase name="works" time="0.001" classname="test"/>
    <testcase name="sends &lt;mail> &amp; waits" classname="test" failure="1 == 2"><failure type="testCodeFailure" message="1 == 2">
Error [ERR_TEST_FAILURE]: 1 == 2 &lt;anonymous></failure></testcase>
  </testsuite>
  <testcase name="top" classname="test" failure="x"><failure message="x"/></testcase>
  <!-- tests 3 -->
</testsuites>`,
    failed: ["test > top", "outer > test > sends <mail> & waits"],
  },
  vitest: {
    xml: `<testsuites name="vitest tests" tests="2" failures="1"><testsuite name="a.test.ts" tests="2"><testcase classname="a.test.ts" name="mail &gt; is sent"><failure/></testcase><testcase classname="a.test.ts" name="skipped"><skipped/></testcase></testsuite></testsuites>`,
    failed: ["a.test.ts > mail > is sent"],
  },
  pytest: {
    xml: `<?xml version="1.0"?><testsuites><testsuite name="pytest" errors="1" failures="1"><testcase classname="tests.test_a.TestMail" name="test_sent[a b]"><failure message="no">E  assert</failure></testcase><testcase classname="" name="tests.test_b"><error message="collection failure"/></testcase></testsuite></testsuites>`,
    failed: ["pytest > tests.test_a.TestMail > test_sent[a b]", "pytest > tests.test_b"],
  },
  maven: {
    xml: `<testsuite name="org.example.MailTest" tests="3"><properties><property name="java" value="21"/></properties><testcase name="sent" classname="org.example.MailTest"><rerunFailure/></testcase><testcase name="received" classname="org.example.MailTest"><error type="NPE"/><system-out><![CDATA[<failure>]]></system-out></testcase></testsuite>`,
    failed: ["org.example.MailTest > received"],
  },
};

describe("a JUnit report", () => {
  test.each(Object.entries(REPORTS))("of %s names the tests that failed", (_, { xml, failed }) => {
    expect(readFailedTests(xml)).toEqual(failed);
  });

  test.each([
    ["no XML", "FAIL a.test.ts"],
    ["another document", "<html><testcase><failure/></testcase></html>"],
    ["an element that is not closed", "<testsuites><testsuite name='a'>"],
    ["nothing", ""],
  ])("is none if it is %s", (_, xml) => {
    expect(readFailedTests(xml)).toBeNull();
  });

  test("names no test if all passed", () => {
    expect(readFailedTests("<testsuites><testsuite name='a'><testcase name='b'/></testsuite></testsuites>")).toEqual([]);
  });

  test("expands no entity of its own, and reads no file", () => {
    const bomb = `<!DOCTYPE t [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>`;
    const xml = `${bomb}<testsuite name="s"><testcase name="&b;&f;"><failure/></testcase></testsuite>`;
    expect(readFailedTests(xml)?.join("").length ?? 0).toBeLessThan(20);
  });

  test("is read without a stack of its depth", () => {
    const deep = `${"<testsuite>".repeat(200_000)}${"</testsuite>".repeat(200_000)}`;
    expect(readFailedTests(deep)).toBeNull();
  });

  test("gives a test one line of at most 200 characters, without characters that nobody sees", () => {
    const name = `a\u202e\n\n  b${"x".repeat(5_000)}`;
    const [found = ""] = readFailedTests(`<testsuite name=""><testcase name="${name}"><failure/></testcase></testsuite>`) ?? [];
    expect(found.slice(0, 4)).toBe("a bx");
    expect(found).toHaveLength(200);
  });
});
