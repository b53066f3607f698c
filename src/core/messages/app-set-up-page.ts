import type { AppTemplate, CheckedChoice, RegistrationChoice } from "../setup/app-registration.ts";
import { escapeHtml } from "./escape-html.ts";

/** The style of the pages. Their headers name the hash of the text. */
export const SET_UP_STYLE = `:root{color-scheme:light dark;--text:#1f2328;--dim:#59636e;--line:#d1d9e0;--page:#fff;--accent:#0759b8;--fault:#b3261e}
@media (prefers-color-scheme:dark){:root{--text:#e6edf3;--dim:#9198a1;--line:#3d444d;--page:#0d1117;--accent:#6cb0ff;--fault:#ff8a80}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--text);background:var(--page);max-width:38em;margin:2em auto;padding:0 1em}
label{display:block;margin:1em 0 .2em;font-weight:600}input{font:inherit;width:100%;box-sizing:border-box;padding:.4em .6em;color:inherit;background:transparent;border:1px solid var(--dim);border-radius:6px}
small{color:var(--dim);display:block}.fault{color:var(--fault)}code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
button{font:inherit;font-weight:600;margin:1.5em 0;padding:.5em 1.2em;color:var(--page);background:var(--accent);border:0;border-radius:6px;cursor:pointer}
a{color:var(--accent)}dt{font-weight:600;margin-top:.8em}dd{margin:0}`;

const renderPage = (title: string, main: string): string =>
  `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${SET_UP_STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1>
${main}
</main></body></html>
`;

const FIELD_FAULTS = {
  name: "A name has 1 to 34 characters.",
  organisation: "GitHub does not allow this organization name.",
  address: "The address of a server looks like https://enki.example.org.",
} as const;

type Field = { readonly name: keyof typeof FIELD_FAULTS; readonly label: string; readonly hint: string; readonly value: string };

const renderField = ({ name, label, hint, value }: Field, faults: CheckedChoice["faults"]): string => {
  const isWrong = faults.includes(name);
  return `<label for="${name}">${label}</label>
<input id="${name}" name="${name}" value="${escapeHtml(value)}" aria-describedby="${name}-hint"${isWrong ? ' aria-invalid="true"' : ""}>
<small id="${name}-hint">${isWrong ? `<span class="fault">${FIELD_FAULTS[name]}</span> ` : ""}${hint}</small>`;
};

/** The first page: a form for the facts that only a person knows. */
export const renderChoicePage = ({ choice, faults }: CheckedChoice): string => {
  const fields: readonly Field[] = [
    {
      name: "name",
      label: "Name of the App",
      hint: "GitHub accepts each name once. The App comments under this name.",
      value: choice.name,
    },
    {
      name: "organisation",
      label: "Organization",
      hint: "The owner of the App. Leave empty to own the App yourself.",
      value: choice.organisation ?? "",
    },
    {
      name: "address",
      label: "Public address of this server",
      hint: "GitHub sends webhooks to this address. Usually, a reverse proxy with a TLS certificate receives the requests and forwards them to this server.",
      value: choice.publicUrl,
    },
  ];
  return renderPage(
    "Register Enki on GitHub",
    `<form method="get"><input type="hidden" name="step" value="confirm">
${fields.map((field) => renderField(field, faults)).join("\n")}
<button type="submit">Continue</button></form>`,
  );
};

export type RegistrationForm = {
  readonly choice: RegistrationChoice;
  readonly template: AppTemplate;
  /** GitHub's page for manifests. */
  readonly action: string;
  readonly manifest: string;
};

const UNREACHABLE_HOST = /^https?:\/\/(?:localhost|127\.|10\.|192\.168\.|\[::1\])/;

/** The second page: the App that GitHub will register, and the button for sending the manifest. */
export const renderRegistrationPage = ({ choice, template, action, manifest }: RegistrationForm): string => {
  const host = new URL(action).host;
  const permissions = Object.entries(template.default_permissions).map(([scope, level]) => `${scope.replaceAll("_", " ")}: ${level}`);
  const warning = UNREACHABLE_HOST.test(choice.publicUrl)
    ? `<p class="fault">Only this machine or its network can reach the address. GitHub refuses such an address unless it is on the same network.</p>`
    : "";
  return renderPage(
    `Register Enki on ${host}`,
    `${warning}<dl>
<dt>Name</dt><dd>${escapeHtml(choice.name)}</dd>
<dt>Owner</dt><dd>${choice.organisation === null ? "you" : escapeHtml(choice.organisation)}</dd>
<dt>Webhooks go to</dt><dd><code>${escapeHtml(choice.publicUrl)}</code></dd>
<dt>Permissions</dt><dd>${escapeHtml(permissions.join(", "))}</dd>
<dt>Events</dt><dd>${escapeHtml(template.default_events.join(", "))}</dd></dl>
<p>GitHub sends the private key and the webhook secret to this server, which stores them in a file. No page shows them.</p>
<form method="post" action="${escapeHtml(action)}"><input type="hidden" name="manifest" value="${escapeHtml(manifest)}">
<button type="submit">Register on ${escapeHtml(host)}</button></form>
<p><a href="?">Change something</a></p>`,
  );
};

/** A page with one sentence. */
export const renderSetUpNote = (title: string, note: string): string => renderPage(title, `<p>${escapeHtml(note)}</p>`);

export const SET_UP_DONE = "The App is registered";
export const INSTALL_NEXT = "Install the App in your repositories, on its page in the settings of GitHub.";

export const SET_UP_FAILED = "The App is not set up";
export const UNKNOWN_STATE = "This answer matches no open request, or was already used. Start again at the address that enki app printed.";
export const explainFailedConversion = (reason: string): string =>
  `GitHub did not hand over the App's keys: ${reason}. If GitHub lists the new App, delete it there, then start again at the address that enki app printed.`;
export const explainUnstoredKeys = (reason: string): string =>
  `GitHub registered the App, but its keys could not be stored: ${reason}. Delete the App on GitHub, make room for the file, then start again at the address that enki app printed.`;
