// What pages do beyond showing and sending themselves: every page works without this file.
"use strict";

// Moments are told by how long ago they were, and exactly when pointed at.
const units = [["year", 31557600], ["month", 2629800], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
const spoken = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function tellTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    const ago = Math.max(0, (Date.now() - moment) / 1000);
    const unit = units.find(([, seconds]) => ago >= seconds);
    time.title ||= time.textContent;
    time.textContent = unit ? spoken.format(-Math.floor(ago / unit[1]), unit[0]) : "just now";
  }
}

// Photos are of other hosts: each is shown when it has come, and the link to one that does not come goes away.
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

// A field with a note about what is wrong with it is marked: the notes come anew with the results of a search.
function mark() {
  for (const note of document.querySelectorAll(".search .wrong[id]")) {
    const field = document.getElementById(note.id.replace(/-wrong$/, ""));
    if (note.textContent) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }
}

function improve(root) {
  tellTimes(root);
  showPhotos(root);
  join(root);
}

improve(document);
setInterval(() => tellTimes(document), 30000);
document.addEventListener("htmx:afterSwap", (event) => improve(event.detail.target.isConnected ? event.detail.target : document));
document.addEventListener("htmx:afterSettle", mark);

// Pages that say what is wrong with what was typed are shown like others; any other refusal is asked for as a whole page.
document.addEventListener("htmx:beforeSwap", (event) => {
  if ([400, 422].includes(event.detail.xhr.status)) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
document.addEventListener("htmx:responseError", (event) => event.detail.elt.submit());

// Addresses carry only what is asked for.
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

// A page that the browser has kept from before is asked for anew: it may have changed.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

for (const details of document.querySelectorAll("details[data-narrow-closed]")) {
  details.open = !matchMedia("(max-width: 40rem)").matches || details.querySelector("[aria-invalid]") !== null;
  details.classList.add("settled");
}

// Back to the search that led here, where there was one. The name of the site leads to the catalogue.
document.querySelector("a[data-back]")?.addEventListener("click", (event) => {
  const from = document.referrer && new URL(document.referrer);
  if (from && from.origin === location.origin && from.pathname === document.querySelector(".brand").pathname && history.length > 1) {
    event.preventDefault();
    history.back();
  }
});

// A box that stands for many others.
document.addEventListener("change", (event) => {
  const all = event.target;
  if (!all.matches("[data-all]")) return;
  for (const box of document.querySelectorAll(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
});

// Of the fields of a change to many listings only those are shown that the chosen change needs.
function fitBulk() {
  const action = document.querySelector("#action");
  for (const field of document.querySelectorAll("[data-for]")) {
    field.hidden = action && !field.dataset.for.split(" ").includes(action.value);
  }
}
document.querySelector("#action")?.addEventListener("change", fitBulk);
fitBulk();

// A preview of an import leaves the chosen file where it is.
document.querySelector("[data-preview]")?.addEventListener("click", (event) => {
  const form = event.target.form;
  if (!form.reportValidity()) return;
  event.preventDefault();
  htmx.trigger(form, "preview");
});
