/**
 * The page's only script. It asks for the state's version, and takes in those parts of the page that changed: what did not change keeps its
 * place, its selection and whatever was unfolded or focused. And it tells times as people do; without it they are UTC.
 */
export const PAGE_SCRIPT = `(() => {
  const body = document.body;
  const places = ["header", "main"].map((name) => "body > " + name);
  const partsOf = (page, place) => new Map([...page.querySelector(place).children].map((part, at) =>
    [part.id || part.tagName + at, { part, markup: part.outerHTML }]));
  let shown = places.map((place) => partsOf(document, place));

  const ago = (time) => {
    const seconds = Math.round((Date.now() - time) / 1000);
    if (seconds < 3) return "now";
    if (seconds < 60) return seconds + " seconds ago";
    const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([size]) => seconds >= size);
    const count = Math.floor(seconds / size);
    return count + " " + unit + (count === 1 ? "" : "s") + " ago";
  };
  const tell = () => {
    for (const time of document.querySelectorAll("time")) {
      const at = Date.parse(time.dateTime);
      if (Date.now() - at < 30 * 86400000) time.textContent = ago(at);
    }
  };

  const keys = (part) => [part, ...part.querySelectorAll("details, pre, .graph, .scroll")].map((element, at) =>
    [element, element.tagName + (element.matches("details") ? element.querySelector("summary").textContent : at)]);
  const atEnd = (element) => element.scrollTop + element.clientHeight > element.scrollHeight - 4;
  const follow = (element) => element.matches("[data-running] .log");
  const take = (old, next) => {
    const states = new Map(keys(old).map(([element, key]) =>
      [key, { open: element.open, left: element.scrollLeft, top: element.scrollTop, end: atEnd(element) }]));
    const unfolded = old.open;
    const focusable = "a, summary, [tabindex]";
    const focus = [...old.querySelectorAll(focusable)].indexOf(document.activeElement);
    old.replaceWith(next);
    if (unfolded !== undefined) next.open = unfolded;
    for (const [element, key] of keys(next)) {
      const was = states.get(key);
      if (was && was.open !== undefined) element.open = was.open;
      if (was) element.scrollLeft = was.left;
      element.scrollTop = follow(element) && (!was || was.end) ? element.scrollHeight : was ? was.top : 0;
    }
    if (focus >= 0) [...next.querySelectorAll(focusable)][focus]?.focus({ preventScroll: true });
  };
  const renew = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    shown = places.map((place, index) => {
      const [whole, fresh] = [document.querySelector(place), partsOf(page, place)];
      for (const [key, { part }] of shown[index]) if (!fresh.has(key)) part.remove();
      [...fresh].forEach(([key, one], at) => {
        const old = shown[index].get(key);
        if (old && old.markup === one.markup) one.part = old.part;
        else if (old) take(old.part, one.part);
        if (whole.children[at] !== one.part) whole.insertBefore(one.part, whole.children[at] ?? null);
      });
      return fresh;
    });
    document.title = page.title;
    body.dataset.version = page.body.dataset.version;
    tell();
  };

  const ask = async (url) => {
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  };
  const look = async () => {
    try {
      const { version } = await (await ask(body.dataset.state)).json();
      body.className = "live";
      if (version !== body.dataset.version && String(getSelection()) === "") renew(await (await ask(location.href)).text());
    } catch {
      body.className = "lost";
    }
    setTimeout(look, document.hidden ? 8000 : 1500);
  };

  body.className = "live";
  tell();
  setInterval(tell, 10000);
  for (const log of document.querySelectorAll(".log")) if (follow(log)) log.scrollTop = log.scrollHeight;
  setTimeout(look, 1500);
})();`;
