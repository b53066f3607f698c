/** The page's only script: asks for the state's version, and takes the page's new content in when it changed. */
export const SCRIPT = `(() => {
  const body = document.body;
  const kept = "details, pre, .graph, .scroll";
  const key = (element, at) => (element.closest("[id]") || body).id + " " + element.tagName + at;
  const keep = () => new Map([...document.querySelectorAll(kept)].map((element, at) => [key(element, at),
    { open: element.open, left: element.scrollLeft, top: element.scrollTop, end: element.scrollTop > 0 && element.scrollTop + element.clientHeight > element.scrollHeight - 4 }]));
  const restore = (old) => [...document.querySelectorAll(kept)].forEach((element, at) => {
    const was = old.get(key(element, at));
    if (!was) return;
    if (was.open !== undefined) element.open = was.open;
    element.scrollLeft = was.left;
    element.scrollTop = was.end ? element.scrollHeight : was.top;
  });
  const ask = async (url) => {
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  };
  const look = async () => {
    try {
      const { version } = await (await ask(body.dataset.state)).json();
      body.classList.remove("lost");
      if (version !== body.dataset.version && String(getSelection()) === "") {
        const text = await (await ask(location.href)).text();
        const next = new DOMParser().parseFromString(text, "text/html");
        const old = keep();
        for (const part of ["header", "main"]) document.querySelector("body > " + part).replaceWith(next.querySelector("body > " + part));
        restore(old);
        document.title = next.title;
        body.dataset.version = next.body.dataset.version;
      }
    } catch {
      body.classList.add("lost");
    }
    setTimeout(look, document.hidden ? 8000 : 1500);
  };
  setTimeout(look, 1500);
})();`;
