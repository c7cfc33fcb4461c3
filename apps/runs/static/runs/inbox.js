// The keyboard of the approvals inbox, and little forms that close by themselves.
// Everything here presses buttons that are on the page: without this file the page still works.
(function () {
  "use strict";

  function ready(run) {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", run);
    else run();
  }

  function typing(target) {
    return target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
  }

  function popovers() {
    document.addEventListener("click", function (event) {
      document.querySelectorAll("details[data-popover][open]").forEach(function (open) {
        if (!open.contains(event.target)) open.open = false;
      });
    });
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") return;
      document.querySelectorAll("details[data-popover][open]").forEach(function (open) {
        open.open = false;
        open.querySelector("summary").focus();
      });
    });
    document.querySelectorAll("details[data-popover]").forEach(function (details) {
      details.addEventListener("toggle", function () {
        const first = details.open && details.querySelector("input:not([type=hidden]), form button");
        if (first) first.focus();
      });
    });
  }

  // A second click on a slow line must not send the form twice.
  function onceOnly() {
    document.addEventListener("submit", function (event) {
      if (event.target.method !== "post") return;
      if (event.target.dataset.sent) event.preventDefault();
      event.target.dataset.sent = "1";
    });
    window.addEventListener("pageshow", function () {
      document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
    });
  }

  function inbox(root) {
    const cards = Array.from(document.querySelectorAll("[data-card]"));
    const bulk = root.querySelector("[data-bulk]");
    const keys = root.querySelector("[data-keys]");
    let here = -1;

    function go(to) {
      if (!cards.length) return;
      here = Math.max(0, Math.min(cards.length - 1, to));
      cards.forEach(function (card, index) { card.classList.toggle("ax-here", index === here); });
      cards[here].focus({ preventScroll: true });
      cards[here].scrollIntoView({ block: "nearest" });
    }

    function selected() {
      return Array.from(document.querySelectorAll("input[form=ax-bulk]:checked"));
    }

    function showBulk() {
      if (!bulk) return;
      const many = selected().length;
      bulk.hidden = many === 0;
      bulk.querySelector("[data-selected]").textContent = many + " selected";
    }

    function press(what) {
      if (bulk && selected().length && what !== "edit") {
        const note = bulk.querySelector("input[name=note]");
        if (what === "reject" && !note.value.trim()) { note.focus(); return; }
        bulk.querySelector('[data-bulk-do="' + what + '"]').click();
        return;
      }
      if (cards.length === 1) here = 0;
      const target = here >= 0 && cards[here].querySelector('[data-do="' + what + '"]');
      if (!target) { if (here < 0) go(0); return; }
      if (target.tagName === "DETAILS") target.open = true;
      else target.click();
    }

    const does = {
      j: function () { go(here + 1); },
      k: function () { go(here - 1); },
      a: function () { press("approve"); },
      r: function () { press("reject"); },
      e: function () { press("edit"); },
      s: function () { press("snooze"); },
      x: function () {
        const box = here >= 0 && cards[here].querySelector("input[type=checkbox]");
        if (box) { box.checked = !box.checked; showBulk(); }
      },
      o: function () {
        const link = here >= 0 && cards[here].querySelector("[data-open]");
        if (link) link.click();
      },
      "?": function () { if (keys) keys.showModal(); },
    };

    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !"jk".includes(event.key)) return;
      if (typing(event.target) || (keys && keys.open)) return;
      if (event.target.closest("details[open] form")) return;
      const run = does[event.key];
      if (!run) return;
      event.preventDefault();
      run();
    });
    document.addEventListener("change", function (event) {
      if (event.target.getAttribute("form") === "ax-bulk") showBulk();
    });
    const all = root.querySelector("[data-all]");
    if (all) {
      root.querySelector("[data-all-label]").hidden = false;
      all.addEventListener("change", function () {
        document.querySelectorAll("input[form=ax-bulk]").forEach(function (box) { box.checked = all.checked; });
        showBulk();
      });
    }
    const help = root.querySelector("[data-help]");
    if (help && keys) help.addEventListener("click", function () { keys.showModal(); });
    showBulk();
  }

  ready(function () {
    popovers();
    onceOnly();
    const root = document.querySelector("[data-inbox]");
    if (root) inbox(root);
  });
})();
