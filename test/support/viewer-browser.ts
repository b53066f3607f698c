export type Seen = { readonly status: number; readonly to: string; readonly text: string; readonly headers: Headers };

/** Opens a browser with cookies, which follows no redirect by itself. Like a real browser, it sends the cookies of a host to every port. */
export const openViewerBrowser = (origin: string) => {
  const cookies = new Map<string, string>();
  const visit = async (path: string, init: RequestInit = {}): Promise<Seen> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(cookie !== "" && { cookie }), ...(init.headers as Record<string, string> | undefined) };
    const answer = await fetch(new URL(path, origin), { ...init, redirect: "manual", headers });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return { status: answer.status, to: answer.headers.get("location") ?? "", text: await answer.text(), headers: answer.headers };
  };
  return {
    cookies,
    visit,
    /** Logs in through GitHub, like a person with one click; returns the page of the callback. */
    logIn: async (to = "/"): Promise<Seen> => {
      const started = await visit(`/login/github?to=${encodeURIComponent(to)}`);
      const authorized = await visit(started.to);
      return visit(authorized.to);
    },
  };
};
export type ViewerBrowser = ReturnType<typeof openViewerBrowser>;
