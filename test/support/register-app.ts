import type { RunningForge } from "../../src/local-github/api/start-forge.ts";

export const readAttribute = (html: string, pattern: RegExp): string =>
  (pattern.exec(html)?.[1] ?? "").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&amp;", "&");

/** Signs a person in on the local GitHub; fills in and sends forms like a browser. */
export const openBrowser = async (forge: Pick<RunningForge, "signIn">, token: string) => {
  const signedIn = await fetch(forge.signIn(token, "/"), { redirect: "manual" });
  const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return {
    /** Goes from the second page of the set-up to GitHub, which asks for the name; returns GitHub's redirect address. */
    register: async (page: string, name?: string): Promise<string> => {
      const action = new URL(readAttribute(page, /<form method="post" action="([^"]*)"/));
      const manifest = readAttribute(page, /name="manifest" value="([^"]*)"/);
      const asked = await fetch(action, { method: "POST", headers: { cookie }, body: new URLSearchParams({ manifest }) });
      const form = await asked.text();
      const fields = Object.fromEntries(
        ["token", "manifest", "state", "name"].map((field) => [field, readAttribute(form, new RegExp(`name="${field}" value="([^"]*)"`))]),
      );
      const answer = await fetch(new URL(readAttribute(form, /action="([^"]*)"/), action), {
        method: "POST",
        redirect: "manual",
        headers: { cookie, origin: action.origin },
        body: new URLSearchParams({ ...fields, ...(name !== undefined && { name }) }),
      });
      return answer.headers.get("location") ?? `${answer.status} ${await answer.text()}`;
    },
  };
};

/** Visits an address without following redirects. */
export const visit = async (url: string | URL): Promise<{ status: number; location: string | null; html: string; headers: Headers }> => {
  const answer = await fetch(url, { redirect: "manual" });
  return { status: answer.status, location: answer.headers.get("location"), html: await answer.text(), headers: answer.headers };
};

/** The printed address of the page that registers an App. */
export const ADDRESS = /http:\S+\/setup\/\S+/;
/** Returns the address of the second page, with these fields of the first one. */
export const confirmed = (address: string, fields: Record<string, string> = {}): URL => {
  const url = new URL(address);
  const { origin } = url;
  for (const [name, value] of Object.entries({ step: "confirm", name: "Enki", organisation: "", address: origin, ...fields }))
    url.searchParams.set(name, value);
  return url;
};
