// Improvements of the pages. Every page works without this file.
"use strict";

// A moment is shown as the time since then, with the exact time in its tooltip.
const units = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    const ago = Math.max(0, (Date.now() - moment) / 1000);
    const unit = units.find(([, seconds]) => ago >= seconds);
    time.title ||= time.textContent;
    time.textContent = unit ? relative.format(-Math.floor(ago / unit[1]), unit[0]) : "just now";
  }
}

// Photos come from other hosts. Each is shown once it has loaded; the link to one that fails to load is removed.
function showPhotos(root) {
  for (const place of root.querySelectorAll("[data-photo]")) {
    const photo = new Image();
    photo.alt = "";
    photo.referrerPolicy = "no-referrer";
    photo.onload = () => {
      (place.querySelector("a") || place).replaceChildren(photo);
      if (place.tagName === "LI") photo.alt = "Photo of the listing";
      place.hidden = false;
    };
    photo.onerror = () => place.remove();
    photo.src = place.dataset.photo;
    place.removeAttribute("data-photo");
  }
}

// A mark on a map and the card of the same listing point at each other.
function join(root) {
  for (const mark of root.querySelectorAll(".plan-mark")) {
    const card = document.querySelector(`.card a[href="${mark.getAttribute("href")}"]`)?.closest(".card");
    if (!card) continue;
    for (const [from, to] of [[mark, card], [card, mark]]) {
      from.addEventListener("pointerenter", () => to.classList.add("lit"));
      from.addEventListener("pointerleave", () => to.classList.remove("lit"));
    }
  }
}

// A field with an error note is marked as invalid. The notes change with the results of a search.
function mark() {
  for (const note of document.querySelectorAll(".search .wrong[id]")) {
    const field = document.getElementById(note.id.replace(/-wrong$/, ""));
    if (note.textContent) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
}

function improve(root) {
  showTimes(root);
  showPhotos(root);
  join(root);
}

improve(document);
setInterval(() => showTimes(document), 30000);
document.addEventListener("htmx:afterSwap", (event) => improve(event.detail.target.isConnected ? event.detail.target : document));
document.addEventListener("htmx:afterSettle", mark);

// Answers with notes on invalid fields are swapped in like others. Any other error is requested again as a whole page.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([400, 422].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
document.addEventListener("htmx:responseError", (event) => event.detail.elt.submit());

// Addresses carry only fields with a value.
document.addEventListener("htmx:configRequest", (event) => {
  for (const [name, value] of [...event.detail.parameters.entries()]) {
    if (value === "") event.detail.parameters.delete(name);
  }
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-tidy]")) return;
  const empty = [...event.target.elements].filter((field) => field.name && field.value === "");
  for (const field of empty) field.disabled = true;
  setTimeout(() => { for (const field of empty) field.disabled = false; });
});

// A page that the browser restores from its memory is reloaded: it may have changed.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

for (const details of document.querySelectorAll("details[data-narrow-closed]")) {
  details.open = !matchMedia("(max-width: 40rem)").matches || details.querySelector("[aria-invalid]") !== null;
  details.classList.add("settled");
}

// The link back returns to the search that led here, if there was one. The name of the site links to the public listings.
document.querySelector("a[data-back]")?.addEventListener("click", (event) => {
  const from = document.referrer && new URL(document.referrer);
  if (from && from.origin === location.origin && from.pathname === document.querySelector(".brand").pathname && history.length > 1) {
    event.preventDefault();
    history.back();
  }
});

// A box that ticks many others.
document.addEventListener("change", (event) => {
  const all = event.target;
  if (!all.matches("[data-all]")) return;
  for (const box of document.querySelectorAll(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
});

// A bulk edit shows only the fields that the chosen change needs.
function fitBulk() {
  const action = document.querySelector("#action");
  for (const field of document.querySelectorAll("[data-for]")) {
    field.hidden = action && !field.dataset.for.split(" ").includes(action.value);
  }
}
document.querySelector("#action")?.addEventListener("change", fitBulk);
fitBulk();

// A preview of an import leaves the chosen file in the form.
document.querySelector("[data-preview]")?.addEventListener("click", (event) => {
  const form = event.target.form;
  if (!form.reportValidity()) return;
  event.preventDefault();
  htmx.trigger(form, "preview");
});
