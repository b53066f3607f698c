import type { WaitingItem } from "../../core/messages/waiting-items.ts";
import { html, type SafeHtml } from "./safe-html.ts";
import type { OfferedCommand } from "./execution-commands.ts";
import { renderCard, renderNumberLink } from "./page-parts.ts";
import { pagePath, type PageScope } from "./page-scope.ts";

/** The value of the field `next` of a form that leads to the new comment, where the reply appears, instead of back to its page. */
export const SHOW_COMMENT = "comment";
const SHOW_COMMENT_FIELD = html`<input type="hidden" name="next" value="${SHOW_COMMENT}" />`;

/** A form for the signed-in person; null if nobody is signed in. `back` is the page to return to. */
const renderForm = (scope: PageScope, action: readonly (string | number)[], body: SafeHtml): SafeHtml | null =>
  scope.session
    ? html`<form method="post" action="${pagePath(scope, "act", ...action)}">
        <input type="hidden" name="token" value="${scope.session.formToken}" />
        <input type="hidden" name="back" value="${scope.path}" />${body}
      </form>`
    : null;

const renderCardForm = (id: string, title: string, form: SafeHtml | null): SafeHtml | null =>
  form && renderCard({ id, title, body: html`<div class="in">${form}</div>` });

/** The box for a comment on an issue or pull request. */
export const renderCommentBox = (scope: PageScope, number: number): SafeHtml | null =>
  renderCardForm(
    "comment-box",
    `Comment on #${number}`,
    renderForm(
      scope,
      ["comment", number],
      html`${SHOW_COMMENT_FIELD}<label for="comment-text">Comment, or a command such as <code>/enki status</code></label>
        <textarea id="comment-text" name="body" rows="4" required></textarea>
        <button>Comment</button>`,
    ),
  );

/** The form for a new issue. */
export const renderIssueForm = (scope: PageScope): SafeHtml | null =>
  renderCardForm(
    "new-issue",
    "Ask Enki",
    renderForm(
      scope,
      ["issue"],
      html`<label for="issue-title">Title</label> <input id="issue-title" name="title" required maxlength="256" />
        <label for="issue-body">Description</label> <textarea id="issue-body" name="body" rows="3"></textarea>
        <div class="buttons">
          <button name="ask" value="fix">Open and ask Enki to fix it</button>
          <button name="ask" value="" class="plain">Open only</button>
        </div>`,
    ),
  );

export type ReviewForm = { readonly number: number; readonly head: string; readonly paths: readonly string[] };

/** The form for a review of the shown head, with an optional comment on a line. Enter in a field presses the first button, which decides nothing. */
export const renderReviewForm = (scope: PageScope, { number, head, paths }: ReviewForm): SafeHtml | null =>
  renderCardForm(
    "review",
    "Review these changes",
    renderForm(
      scope,
      ["review", number],
      html`<input type="hidden" name="head" value="${head}" /> <label for="review-text">Review</label>
        <textarea id="review-text" name="body" rows="3"></textarea>
        <fieldset>
          <legend>Comment on a line: click its number above, or fill in</legend>
          <label for="review-path">File</label>
          <select id="review-path" name="path">
            <option value="">none</option>
            ${paths.map((path) => html`<option>${path}</option>`)}
          </select>
          <label for="review-line">Line</label> <input id="review-line" name="line" type="number" min="1" />
          <label for="review-remark">Comment</label> <input id="review-remark" name="remark" />
        </fieldset>
        <div class="buttons">
          <button name="event" value="COMMENT" class="plain">Comment</button>
          <button name="event" value="APPROVE">Approve</button>
          <button name="event" value="REQUEST_CHANGES" class="plain">Request changes</button>
        </div>`,
    ),
  );

export type CommandButton = { readonly issue: number; readonly text: string; readonly label: string };

/** A button that asks a question with a command, and leads to the answer. */
export const renderQuestionButton = (scope: PageScope, { issue, text, label }: CommandButton): SafeHtml | null =>
  renderForm(scope, ["comment", issue], html`${SHOW_COMMENT_FIELD}<button name="body" value="${text}" title="${text}">${label}</button>`);

/** A button that posts a command as a comment. */
export const renderCommandButton = (scope: PageScope, { issue, text, label }: CommandButton): SafeHtml | null =>
  renderForm(scope, ["comment", issue], html`<button name="body" value="${text}" title="${text}">${label}</button>`);

/** Buttons of several commands, folded so that no click ends work by accident. Null for strangers, and if there is no command. */
export const renderMoreCommands = (scope: PageScope, issue: number, commands: readonly OfferedCommand[]): SafeHtml | null =>
  scope.session && commands.length > 0
    ? html`<details class="more-commands">
        <summary>More commands</summary>
        <div class="buttons">
          ${commands.map(({ words, label }) => renderCommandButton(scope, { issue, text: `/enki ${words}`, label }))}
        </div>
      </details>`
    : null;

type TextCommand = { readonly issue: number; readonly command: string; readonly field: string; readonly label: string };

/** A field for the words that a command needs. */
const renderTextCommand = (scope: PageScope, { issue, command, field, label }: TextCommand): SafeHtml | null => {
  const id = `text-${command.replaceAll(/[^\w-]+/g, "-")}`;
  return renderForm(
    scope,
    ["comment", issue],
    html`<input type="hidden" name="command" value="${command}" /><label for="${id}">${field}</label>
      <input id="${id}" name="text" required /><button title="${command} …">${label}</button>`,
  );
};

/** Ends the command that answers a question. */
const ANSWER_PLACEHOLDER = " <your answer>";

/** A field for an answer to a question, or for what to change in a plan. */
const renderAnswerField = (scope: PageScope, issue: number, { kind, command }: WaitingItem): SafeHtml | null => {
  if (kind === "plan")
    return renderTextCommand(scope, {
      issue,
      command: "/enki revise",
      field: "What should change in the plan?",
      label: "Ask for another plan",
    });
  if (kind !== "question" || !command.endsWith(ANSWER_PLACEHOLDER)) return null;
  const reply = `/${command.slice(0, -ANSWER_PLACEHOLDER.length)}`;
  return renderTextCommand(scope, { issue, command: reply, field: "Your answer", label: "Answer" });
};

const BUTTON_LABELS: Readonly<Partial<Record<WaitingItem["kind"], string>>> = {
  plan: "Approve the plan",
  report: "Approve",
  failure: "Retry",
};

/** One command may answer several items. */
const formatButtonLabel = ({ kind, step, comment }: WaitingItem, items: readonly WaitingItem[]): string => {
  const label = comment === "/enki land" ? "Land" : (BUTTON_LABELS[kind] ?? "Answer");
  if (items.filter((each) => each.comment === comment).length > 1) return `${label} all`;
  return step === null ? label : `${label} ${step}`;
};

/** What waits for a person, each with its button or a link to the page where the person acts. */
export const renderWaitingCard = (scope: PageScope, issue: number, items: readonly WaitingItem[]): SafeHtml | null => {
  if (items.length === 0) return null;
  const rows = items.map((item) => {
    const text = item.comment;
    const button = text === null ? null : renderCommandButton(scope, { issue, text, label: formatButtonLabel(item, items) });
    const link = item.pull === null ? null : renderNumberLink(scope, { kind: "pull", number: item.pull, text: `Review #${item.pull}` });
    return html`<li>
      <span class="what">${item.step === null ? "The plan" : item.step}</span
      ><span class="aside">${button ?? link ?? (text === null ? null : html`<code>${text}</code>`)}</span
      ><span class="under dim small">${item.text}</span>${renderAnswerField(scope, issue, item)}
    </li>`;
  });
  return renderCard({
    id: "waiting",
    title: "Waits for a person",
    body: html`<ul class="rows">
      ${rows}
    </ul>`,
  });
};
