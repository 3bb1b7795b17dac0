// The catalogue's search: works on the page as it stands, asks nobody. Without it the page is a list.
"use strict";
(() => {
  const query = document.getElementById("query");
  const list = document.getElementById("cards");
  const none = document.getElementById("none");
  const count = document.querySelector(".count");
  const chips = document.querySelector(".chips");
  if (!query || !list) return;
  const cards = Array.from(list.children, (item, place) => ({
    item, place, name: item.dataset.name.toLowerCase(), text: item.dataset.text, tags: item.dataset.tags.split(" "),
  }));
  const asked = () => new URLSearchParams(location.hash.slice(1)).get("q") ?? "";
  document.querySelector(".search").hidden = false;
  if (chips) chips.hidden = false;

  // The lower, the better: the name itself, how it begins, within it, a tag, the text. Infinity: a word is missing.
  const rank = (card, words) => words.reduce((sum, word) => sum + (
    card.name === word ? 0 : card.name.startsWith(word) ? 1 : card.name.includes(word) ? 2
      : card.tags.includes(word) ? 3 : card.text.includes(word) ? 4 : Infinity), 0);

  const search = () => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [];
    for (const card of cards) {
      card.rank = rank(card, words);
      card.item.hidden = card.rank === Infinity;
      if (!card.item.hidden) found.push(card);
    }
    found.sort((a, b) => a.rank - b.rank || a.place - b.place);
    list.append(...found.map((card) => card.item));
    none.hidden = found.length > 0;
    count.textContent = words.length ? `${found.length} of ${cards.length}` : "";
    for (const chip of chips ? chips.querySelectorAll("button") : [])
      chip.setAttribute("aria-pressed", String(words.includes(chip.dataset.tag.toLowerCase())));
    history.replaceState(null, "", words.length ? `#${new URLSearchParams({ q: query.value })}` : location.pathname + location.search);
  };

  query.addEventListener("input", search);
  query.addEventListener("keydown", (event) => {
    const first = list.querySelector("li:not([hidden]) a");
    if (event.key === "Enter" && first) first.click();
    if (event.key === "Escape") { query.value = ""; search(); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== query && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      query.focus();
    }
  });
  if (chips) chips.addEventListener("click", (event) => {
    const chip = event.target.closest("button");
    if (!chip) return;
    query.value = chip.getAttribute("aria-pressed") === "true" ? "" : chip.dataset.tag;
    search();
  });
  const begin = () => { query.value = asked(); search(); };
  // Somebody writes another search into the address of the page that is open.
  window.addEventListener("hashchange", begin);
  begin();
})();
