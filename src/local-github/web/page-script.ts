/**
 * The page's only script. It listens to server-sent versions of the state (or polls, on the list of repositories) and replaces the parts of the page that changed.
 * Unchanged parts keep their position, their selection, and their folded and focused elements. It also shows times
 * relative to now; without the script they are in UTC. A click on a line number fills the form of the review.
 */
export const PAGE_SCRIPT = `(() => {
  const body = document.body;
  const regions = ["header", "main"].map((name) => "body > " + name);
  const partsOf = (page, region) => new Map([...page.querySelector(region).children].map((part, at) =>
    [part.id || part.tagName + at, { part, markup: part.outerHTML }]));
  let shown = regions.map((region) => partsOf(document, region));

  const ago = (time) => {
    const seconds = Math.round((Date.now() - time) / 1000);
    if (seconds < 3) return "now";
    if (seconds < 60) return seconds + " seconds ago";
    const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([size]) => seconds >= size);
    const count = Math.floor(seconds / size);
    return count + " " + unit + (count === 1 ? "" : "s") + " ago";
  };
  const updateTimes = () => {
    for (const time of document.querySelectorAll("time")) {
      const at = Date.parse(time.dateTime);
      if (Date.now() - at < 30 * 86400000) time.textContent = ago(at);
    }
  };

  const keys = (part) => [part, ...part.querySelectorAll("details, pre, .graph, .scroll")].map((element, at) =>
    [element, element.tagName + (element.matches("details") ? element.querySelector("summary").textContent : at)]);
  const atEnd = (element) => element.scrollTop + element.clientHeight > element.scrollHeight - 4;
  const follow = (element) => element.matches("[data-running] .log");
  const replacePart = (old, next) => {
    const states = new Map(keys(old).map(([element, key]) =>
      [key, { open: element.open, left: element.scrollLeft, top: element.scrollTop, end: atEnd(element) }]));
    const unfolded = old.open;
    const focusable = "a, summary, button, input, textarea, select, [tabindex]";
    const fields = (part) => [...part.querySelectorAll("textarea, select, input:not([type=hidden])")];
    const typed = new Map(fields(old).map((field) => [field.name, field.value]));
    const focus = [...old.querySelectorAll(focusable)].indexOf(document.activeElement);
    old.replaceWith(next);
    for (const field of fields(next)) if (typed.has(field.name)) field.value = typed.get(field.name);
    if (unfolded !== undefined) next.open = unfolded;
    for (const [element, key] of keys(next)) {
      const was = states.get(key);
      if (was && was.open !== undefined) element.open = was.open;
      if (was) element.scrollLeft = was.left;
      element.scrollTop = follow(element) && (!was || was.end) ? element.scrollHeight : was ? was.top : 0;
    }
    if (focus >= 0) [...next.querySelectorAll(focusable)][focus]?.focus({ preventScroll: true });
  };
  const updatePage = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    shown = regions.map((region, index) => {
      const [whole, fresh] = [document.querySelector(region), partsOf(page, region)];
      for (const [key, { part }] of shown[index]) if (!fresh.has(key)) part.remove();
      [...fresh].forEach(([key, one], at) => {
        const old = shown[index].get(key);
        if (old && old.markup === one.markup) one.part = old.part;
        else if (old) replacePart(old.part, one.part);
        if (whole.children[at] !== one.part) whole.insertBefore(one.part, whole.children[at] ?? null);
      });
      return fresh;
    });
    document.title = page.title;
    body.dataset.version = page.body.dataset.version;
    updateTimes();
  };

  const request = async (url) => {
    const answer = await fetch(url, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  };
  const show = async (version) => {
    body.className = "live";
    if (version !== body.dataset.version && String(getSelection()) === "") updatePage(await (await request(location.href)).text());
  };
  const poll = async () => {
    try {
      const { version } = await (await request(body.dataset.state)).json();
      await show(version);
    } catch {
      body.className = "lost";
    }
    setTimeout(poll, document.hidden ? 8000 : 1500);
  };
  const listen = () => {
    const events = new EventSource(body.dataset.state + "/events");
    let newest = "";
    let shows = Promise.resolve();
    const showNewest = () => (shows = shows.then(() => show(newest)).catch(() => (body.className = "lost")));
    events.addEventListener("version", ({ data }) => { newest = data; showNewest(); });
    events.addEventListener("error", () => (body.className = "lost"));
    document.addEventListener("selectionchange", () => { if (newest !== "" && newest !== body.dataset.version && String(getSelection()) === "") showNewest(); });
  };

  document.addEventListener("click", ({ target }) => {
    const [number, form] = [target.closest(".diff .at:nth-child(2)"), document.querySelector("#review form")];
    if (!form || !number || number.textContent === "") return;
    form.elements.path.value = number.closest("details").querySelector("summary .mono").textContent;
    form.elements.line.value = number.textContent;
    form.elements.remark.focus();
  });

  // A node of the graph leads to a folded step.
  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target || !target.matches("details")) return;
    target.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", openTarget);
  document.addEventListener("click", ({ target }) => { if (target.closest('a[href^="#"]')) setTimeout(openTarget); });

  body.className = "live";
  openTarget();
  updateTimes();
  setInterval(updateTimes, 10000);
  for (const log of document.querySelectorAll(".log")) if (follow(log)) log.scrollTop = log.scrollHeight;
  if (body.dataset.state === "/state") setTimeout(poll, 1500);
  else listen();
})();`;
