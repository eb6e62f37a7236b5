// Progressive enhancement only: every form and link works without this file.
//
// form[data-live] is sent with fetch; every [data-part][id] of the returned page replaces its counterpart
// on this page. Each [data-say] in it is announced, focus stays where it was, and details keep their state.
// a[data-live] is fetched as well; it names the element that receives the focus, since the link itself may be
// gone. A failed POST is never sent again: the page is reloaded and shows what happened.

const byId = (id) => document.getElementById(id);
const address = () => location.pathname + location.search;
const wide = matchMedia("(min-width: 62rem)");
let shown = address();
let latest = 0;
let asked = ""; // the address that is being fetched
let toastTimer;
const TOAST_MS = 10000;

const say = (text) => {
  byId("status").textContent = text;
};

// Sheets are collapsed on phones, unless they contain an error, and open beside the content on wide pages.
// CSS alone cannot do this in every browser.
function openSheets() {
  for (const sheet of document.querySelectorAll("details.sheet")) {
    sheet.open = wide.matches || "open" in sheet.dataset;
  }
}

// Scroll the current item into view: in the strip of categories and in a long list of them.
function revealCategory() {
  for (const item of document.querySelectorAll(".category-strip [aria-current], .filters .long :checked")) {
    const list = item.closest("ul, .long");
    const [here, frame] = [item.getBoundingClientRect(), list.getBoundingClientRect()];
    list.scrollBy(here.left + here.width / 2 - frame.left - frame.width / 2, 0);
    list.scrollBy(0, here.top + here.height / 2 - frame.top - frame.height / 2);
  }
}

function target(form, data) {
  const url = new URL(form.action);
  if (form.method === "get") {
    url.search = new URLSearchParams([...data].filter(([, value]) => value !== ""));
  }
  return url;
}

function swap(parts) {
  for (const part of parts) {
    const old = byId(part.id);
    for (const details of old.querySelectorAll("details[id]")) {
      part.querySelector(`#${CSS.escape(details.id)}`)?.toggleAttribute("open", details.open);
    }
    old.replaceWith(part);
  }
}

function restoreFocus(id, selection) {
  const field = id && byId(id);
  if (field) {
    field.focus({ preventScroll: true });
    if (selection !== null && field.setSelectionRange) field.setSelectionRange(selection, selection);
  } else if (document.activeElement === document.body) {
    byId("main").focus({ preventScroll: true });
  }
}

// A toast was announced and its content is on the page as well, so it may disappear; errors stay.
function dismissToastsLater() {
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => {
    if (byId("toasts").matches(":hover, :focus-within")) dismissToastsLater();
    else byId("toasts").replaceChildren();
  }, TOAST_MS);
}

// A different page came back, such as the sign-in. Its messages are shown once, so the response is shown as it
// is instead of being requested again.
function showWhole(page) {
  document.body.replaceWith(page.body);
  scrollTo(0, 0);
  byId("main").focus({ preventScroll: true });
  openSheets();
  revealCategory();
}

// Return whether the response is the page that was shown.
function show(page, pressed) {
  const active = document.activeElement;
  const typing = active?.type === "text" ? active.selectionStart : null;
  const news = [...page.querySelectorAll("[data-say]")].map((part) => part.textContent.trim());
  const parts = [...page.querySelectorAll("[data-part][id]")].filter((part) => byId(part.id));
  const same = parts.some((part) => part.dataset.part !== "shell");
  document.title = page.title;
  if (same) {
    swap(parts);
    revealCategory();
    restoreFocus(pressed || active?.id, typing);
    byId("alerts")?.firstElementChild?.scrollIntoView({ block: "nearest" });
  } else {
    showWhole(page);
  }
  say(news.join(" "));
  dismissToastsLater();
  return same;
}

// body: null for a GET. from: the form or link to mark as busy. focus: the id of an element.
async function send(from, url, body, focus) {
  if (!body && url.href === asked) return; // Enter in a field both changes and sends it
  const turn = ++latest;
  asked = body ? "" : url.href;
  from.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { method: body ? "POST" : "GET", body });
    if (!response.ok && response.status !== 422) throw new Error(response.status);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (turn !== latest) return; // a newer request is under way and will show more
    const same = show(page, focus);
    if (!body || !same) history.pushState(null, "", response.url);
    shown = address();
  } catch {
    if (!body) {
      location.assign(url);
    } else {
      sessionStorage.setItem("failed", "1");
      location.reload();
    }
  } finally {
    if (turn === latest) asked = "";
    from.removeAttribute("aria-busy");
  }
}

function tellOfFailure() {
  if (!sessionStorage.getItem("failed")) return;
  sessionStorage.removeItem("failed");
  const toast = byId("failed").content.cloneNode(true);
  say(toast.textContent.trim());
  byId("toasts").append(toast);
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-live]")) return;
  event.preventDefault();
  const { target: form, submitter } = event;
  const data = new FormData(form, submitter);
  send(form, target(form, data), form.method === "get" ? null : data, submitter?.id);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
});

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (step) {
    const field = byId(step.getAttribute("aria-controls"));
    if (Number(step.dataset.step) > 0) field.stepUp();
    else field.stepDown();
  }
  if (event.target.closest("[data-print]")) print();
  event.target.closest("[data-dismiss]")?.closest(".toast")?.remove();
  const link = event.target.closest("a[data-live]");
  if (link && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
    event.preventDefault();
    send(link, new URL(link.href), null, link.dataset.live);
  }
});

// A browser does not scroll to a link of the strip that is partly visible.
document.addEventListener("focusin", ({ target: focused }) => {
  focused.closest(".category-strip a")?.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// Not for navigation to a #fragment of the same page.
addEventListener("popstate", () => {
  if (address() !== shown) location.reload();
});

wide.addEventListener("change", openSheets);
openSheets();
revealCategory();
dismissToastsLater();
byId("errors")?.focus();
tellOfFailure();
