import { readMarker } from "../core/messages/comment-marker.ts";
import { toOneLine } from "../core/messages/escape.ts";
import type { CommandTarget } from "./command-target.ts";
import { toPlainComment, toTerminalAnswer } from "./plain-comment.ts";
import type { TerminalHost } from "./terminal-host.ts";

const ANSWER_POLL_MS = 250;
const LOCAL_PATIENCE_MS = 30_000;
const REMOTE_PATIENCE_MS = 90_000;

export type PostedCommand = { readonly issue: number; readonly text: string; readonly isJson: boolean };

type CommandAnswer = { readonly accepted: boolean | null; readonly answer: string };

/** Waits for Enki's reaction to a comment: accepted, refused with an answer, or null after the time limit. */
const awaitAnswer = async (
  terminal: TerminalHost,
  { person, isLocal }: CommandTarget,
  { issue, comment }: { issue: number; comment: number },
): Promise<CommandAnswer> => {
  const end = terminal.now() + (isLocal ? LOCAL_PATIENCE_MS : REMOTE_PATIENCE_MS);
  for (;;) {
    const own = (await person.reactions(comment)).find(({ user, content }) => user.login.endsWith("[bot]") && content !== "+1");
    if (own) {
      const said = (await person.comments(issue)).filter(({ id, body }) => id > comment && readMarker(body)?.kind === "reply");
      const reply = said.find(({ body }) => readMarker(body)?.id === String(comment));
      if (own.content !== "confused" || reply)
        return { accepted: own.content !== "confused", answer: reply ? toPlainComment(reply.body) : "" };
    }
    if (terminal.now() > end) return { accepted: null, answer: "" };
    await new Promise<void>((resolve) => void terminal.after(ANSWER_POLL_MS, resolve));
  }
};

/** Comments as the person, and reports Enki's answer. Exits with 1 if Enki refused. */
export const postCommand = async (terminal: TerminalHost, target: CommandTarget, posted: PostedCommand): Promise<number> => {
  const { issue, text, isJson } = posted;
  const comment = await target.person.comment(issue, text);
  if (!isJson) terminal.out(`${target.name}#${issue}: ${toOneLine(text, 200)}\n`);
  const { accepted, answer } = await awaitAnswer(terminal, target, { issue, comment });
  if (isJson) terminal.out(`${JSON.stringify({ repository: target.name, issue, comment, command: text, accepted, answer })}\n`);
  else if (accepted === null) terminal.out("Enki has not answered yet; enki status shows the current state.\n");
  else terminal.out(answer === "" ? "Accepted; enki status shows the effect.\n" : `${toTerminalAnswer(answer, issue)}\n`);
  return accepted === false ? 1 : 0;
};
