import { expect, test } from "vitest";
import type { ViewerPort, ViewerReply } from "../../../src/core/domain/viewer-port.ts";
import { openPageTurns, openReaderCount } from "../../../src/local-github/web/page-turns.ts";
import { openViewerAccess } from "../../../src/local-github/web/viewer-access.ts";
import { openViewerSessions } from "../../../src/local-github/web/viewer-sessions.ts";

const openSessions = () => {
  let now = 0;
  let count = 0;
  const sessions = openViewerSessions({ now: () => now, newSecret: () => `secret ${(count += 1)}` });
  return { sessions, later: (ms: number): void => void (now += ms) };
};
const TOKEN = { value: "ghu_x", expires: null };

test("the oldest sessions and logins end where there are too many", () => {
  const { sessions } = openSessions();
  const secrets = Array.from({ length: 1_001 }, (_, index) => sessions.start(`viewer-${index}`, TOKEN).secret);
  expect(sessions.find(secrets[0] ?? "")).toBeNull();
  expect(sessions.find(secrets[1] ?? "")?.login).toBe("viewer-1");
  const logins = Array.from({ length: 10_001 }, () => sessions.startLogin("/"));
  const [first, second] = logins;
  expect(first && sessions.takeLogin(first)).toBeNull();
  expect(second && sessions.takeLogin(second)?.to).toBe("/");
});

test("many logins of one account end only its own sessions", () => {
  const { sessions } = openSessions();
  const { secret } = sessions.start("grace", TOKEN);
  const secrets = Array.from({ length: 1_001 }, () => sessions.start("ada", TOKEN).secret);
  expect(sessions.find(secret)?.login).toBe("grace");
  expect(secrets.filter((each) => sessions.find(each) !== null)).toEqual(secrets.slice(-20));
});

test("a session ends no later than its token", () => {
  const { sessions, later } = openSessions();
  const { secret } = sessions.start("ada", { value: "ghu_x", expires: 1_000 });
  later(999);
  expect(sessions.find(secret)).not.toBeNull();
  later(1);
  expect(sessions.find(secret)).toBeNull();
});

const openAccess = () => {
  let now = 0;
  const replies: ((reply: ViewerReply<never>) => void)[] = [];
  const port = { readRepository: () => new Promise((resolve) => void replies.push(resolve)) } as unknown as ViewerPort;
  const access = openViewerAccess(port, () => now);
  const session = { id: "one", login: "ada", token: TOKEN, expires: 1e9 };
  return { access, session, replies, later: (ms: number): void => void (now += ms) };
};

test("an answer counts from the question on, so that a slow answer prolongs no right", async () => {
  const { access, session, replies, later } = openAccess();
  const slow = access.repository(session, "octo/demo");
  later(59_000);
  replies[0]?.({ ok: true, value: {} as never });
  await slow;
  void access.repository(session, "OCTO/demo");
  expect(replies).toHaveLength(1);
  later(1_001);
  void access.repository(session, "octo/demo");
  expect(replies).toHaveLength(2);
});

test.each([
  ["hidden", 10_000],
  ["unavailable", 5_000],
  ["ended", 0],
] as const)("an answer that is %s counts for %i milliseconds", async (why, ms) => {
  const { access, session, replies, later } = openAccess();
  const asked = access.repository(session, "octo/demo");
  replies[0]?.({ ok: false, why });
  await asked;
  if (ms > 0) {
    later(ms - 1);
    void access.repository(session, "octo/demo");
    expect(replies).toHaveLength(1);
    later(1);
  }
  void access.repository(session, "octo/demo");
  expect(replies).toHaveLength(2);
});

test("two pages are rendered at the same time, fifty wait, and a fault frees the place", async () => {
  const inTurn = openPageTurns();
  const ends: ((isFault: boolean) => void)[] = [];
  const render = (): Promise<string> =>
    new Promise((resolve, reject) => void ends.push((isFault) => (isFault ? reject(new Error("broken")) : resolve("page"))));
  const asked = Array.from({ length: 53 }, () => inTurn(render));
  expect(asked.map((page) => page === null).indexOf(true)).toBe(52);
  await Promise.resolve();
  expect(ends).toHaveLength(2);
  ends[0]?.(true);
  await expect(asked[0]).rejects.toThrow("broken");
  expect(ends).toHaveLength(3);
  for (let at = 1; at < 52; at += 1) {
    ends[at]?.(false);
    expect(await asked[at]).toBe("page");
  }
  expect(inTurn(render)).not.toBeNull();
});

test("readers that follow changes are counted for each person, and leave once", () => {
  const count = openReaderCount();
  const leaves = Array.from({ length: 20 }, () => count("one"));
  expect(count("one")).toBeNull();
  leaves[0]?.();
  expect(count("one")).not.toBeNull();
  const others = Array.from({ length: 10 }, (_, at) => Array.from({ length: 20 }, () => count(`other ${at}`))).flat();
  expect(others.filter((leave) => leave === null)).toHaveLength(20);
});
