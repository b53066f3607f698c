// A request on the local pages with the keyboard only: no mouse, and every button that the other story leaves out.

const MAX_TABS = 120;

/** The text or label of the focused element, and whether a person sees the focus. */
const readFocus = (page) =>
  page.evaluate(() => {
    const focused = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(focused);
    const label = focused.labels?.[0]?.innerText ?? "";
    const name = focused.matches("body") ? "" : (label || focused.innerText || focused.getAttribute("aria-label") || focused.id).trim();
    return { name, isSeen: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 };
  });

/** Acts with keys on the page; `faults` receives what a person without a mouse cannot reach or see. */
const openKeyboard = (page, faults) => {
  /** Moves the focus forward to an element with this text or label. */
  const tabTo = async (wanted) => {
    for (let at = 0; at < MAX_TABS; at += 1) {
      await page.keyboard.press("Tab");
      const { name, isSeen } = await readFocus(page);
      if (!wanted.test(name)) continue;
      if (!isSeen) faults.push(`the focus on ${name} is not visible`);
      return;
    }
    throw new Error(`the Tab key does not reach ${wanted} on ${page.url()}`);
  };
  const press = async (wanted) => {
    await tabTo(wanted);
    await page.keyboard.press("Enter");
  };
  const type = async (wanted, text) => {
    await tabTo(wanted);
    await page.keyboard.type(text);
  };
  /** The folded commands of the execution or of a step. */
  const pressFolded = async (wanted) => {
    await press(/^More commands$/);
    await press(wanted);
  };
  return { press, type, pressFolded };
};

/** Opens a request, asks for another plan, misspells a command, approves, pauses, resumes, comments on the pull request, skips and cancels. */
export const playByKeyboard = async (page, { start, check, faults }) => {
  const { press, type, pressFolded } = openKeyboard(page, faults);
  await page.goto(start);
  await type(/^Title$/, "Say where the limit is set");
  await type(/^Description$/, "In one line.");
  await press(/^Open only$/);
  await page.waitForSelector("h1:has-text('Say where the limit is set')");
  await type(/^Comment, or a command/, "/enki fix");
  await press(/^Comment$/);
  await page.waitForSelector("text=Approve the plan");
  await type(/^What should change in the plan/, "Change nothing else.");
  await press(/^Ask for another plan$/);
  await page.waitForSelector("text=The plan was not revised");
  await press(/^Execution [0-9a-f]{6}: /);
  await page.waitForSelector("#step-research[open]");
  const execution = page.url();
  await check("keyboard-plan");
  await type(/^Comment, or a command/, "/enki retri research");
  await press(/^Comment$/);
  // The reply is on the page where the person arrives.
  await page.waitForSelector("text=did you mean /enki retry?");
  if (!page.url().includes("#issuecomment-")) faults.push("a comment from the page of an execution does not lead to its reply");
  await page.goto(execution);
  await press(/^Approve the plan$/);
  await page.waitForSelector("a:has-text('Review #')");
  await pressFolded(/^Pause$/);
  await page.waitForSelector("#head .badge:has-text('paused')");
  await check("keyboard-paused");
  await pressFolded(/^Resume$/);
  await page.waitForSelector("#head .badge:has-text('running')");
  await press(/^fix_upload_limit\s/);
  await press(/^Explain fix_upload_limit$/);
  await page.waitForSelector("text=Gate: an approving review");
  await page.goto(execution);
  await press(/^Review #/);
  await page.waitForSelector("#review");
  await type(/^Review$/, "I look at this later.");
  // Enter in a field comments, and approves nothing.
  await press(/^Line$/);
  await page.waitForSelector("text=I look at this later.");
  if (await page.locator("text=approved these changes").count()) faults.push("Enter in a field of a review approves");
  await check("keyboard-pull");
  await page.goto(execution);
  await press(/^test_upload\s/);
  await pressFolded(/^Skip test_upload$/);
  await page.waitForSelector("#step-test_upload .badge:has-text('skipped')");
  await page.goto(execution);
  await pressFolded(/^Cancel$/);
  await page.waitForSelector("#head .badge:has-text('cancelled')");
  await check("keyboard-cancelled");
};
