// @ts-check
// What the pages can do beyond their forms and links. Everything works without it.

/** Milliseconds between two checks for new submissions, while the page is visible. */
const LOOK_INTERVAL = 20_000;

for (const element of document.querySelectorAll("[data-script-only]")) {
	element.removeAttribute("hidden");
}

const help = /** @type {HTMLDialogElement | null} */ (
	document.getElementById("help")
);
for (const button of document.querySelectorAll("[data-help]")) {
	button.addEventListener("click", () => help?.showModal());
}

// A second click must not decide twice.
for (const form of document.querySelectorAll("form[data-once]")) {
	form.addEventListener("submit", (event) => {
		if (form.hasAttribute("data-sent")) event.preventDefault();
		form.setAttribute("data-sent", "");
	});
}
window.addEventListener("pageshow", () => {
	for (const form of document.querySelectorAll("form[data-sent]")) {
		form.removeAttribute("data-sent");
	}
});

/** @type {Record<string, () => void>} */
const shortcuts = {
	j: () => move(1),
	k: () => move(-1),
	"/": goToSearch,
	a: () => press("approved"),
	r: goToNotes,
	"?": () => help?.showModal(),
};

// The search shortcut led here from another page.
if (location.hash === "#q") goToSearch();

document.addEventListener("keydown", (event) => {
	if (event.ctrlKey || event.metaKey || event.altKey || help?.open) return;
	const target = /** @type {HTMLElement} */ (event.target);
	if (target.closest("input, textarea, select, [contenteditable]")) return;
	if (!Object.hasOwn(shortcuts, event.key)) return;
	event.preventDefault();
	shortcuts[event.key]?.();
});

/**
 * Moves to the next or previous row of a list, or report.
 *
 * @param {1 | -1} step
 */
function move(step) {
	const rows = /** @type {HTMLElement[]} */ ([
		...document.querySelectorAll("[data-row-link]"),
	]);
	if (rows.length === 0) {
		const link = document.querySelector(
			step === 1 ? '.report a[rel="next"]' : '.report a[rel="prev"]',
		);
		if (link instanceof HTMLElement) link.click();
		return;
	}
	const at = rows.indexOf(/** @type {HTMLElement} */ (document.activeElement));
	const next =
		at === -1
			? step === 1
				? 0
				: rows.length - 1
			: Math.min(rows.length - 1, Math.max(0, at + step));
	rows[next]?.focus();
	rows[next]?.scrollIntoView({ block: "nearest" });
}

function goToSearch() {
	const search = document.querySelector('input[type="search"]');
	if (search instanceof HTMLInputElement) {
		search.focus();
		search.select();
	} else if (document.querySelector('.bar nav a[href="/"]')) {
		location.assign("/#q");
	}
}

/**
 * Sends the form to its confirmation, as a click on the button would.
 *
 * @param {string} status
 */
function press(status) {
	const button = document.querySelector(
		`form[data-decide] button[value="${status}"]`,
	);
	if (button instanceof HTMLButtonElement) button.click();
}

function goToNotes() {
	if (!document.querySelector('form[data-decide] button[value="rejected"]')) {
		return;
	}
	const notes = document.getElementById("review_notes");
	notes?.scrollIntoView({ block: "center" });
	notes?.focus();
}

const news = /** @type {HTMLElement | null} */ (
	document.querySelector("[data-news]")
);
const counter = document.querySelector(".count[data-pending]");

/** Checks whether anything was submitted since the page was loaded, and announces it. */
async function look() {
	if (document.hidden || !news) return;
	const answer = await fetch("/queue/news", {
		headers: { accept: "application/json" },
	}).catch(() => undefined);
	if (!answer?.ok) return;
	/** @type {{ pending: number, newest: { id: string, server_name: string } | null }} */
	const { pending, newest } = await answer.json();
	if (counter?.firstChild) counter.firstChild.textContent = String(pending);
	if (!newest || newest.id === news.dataset.newest) return;
	news.dataset.newest = newest.id;
	announce(newest, pending);
}

/**
 * @param {{ id: string, server_name: string }} report
 * @param {number} pending
 */
function announce(report, pending) {
	if (!news) return;
	const link = document.createElement("a");
	link.href = `/reports/${report.id}`;
	link.textContent = report.server_name;
	const reload = document.createElement("a");
	// The open queue keeps its tab, filters and order.
	reload.href = location.pathname === "/" ? `/${location.search}` : "/";
	reload.textContent = "Show the queue";
	news.replaceChildren("New submission: ", link, ". ", reload, ".");
	const icon = document.querySelector('link[rel="icon"]');
	icon?.setAttribute("href", icon.getAttribute("data-pending") ?? "");
	// With filters, the number on it counts matching reports only.
	if (document.querySelector("[data-filtered]")) return;
	document.title = `(${pending}) ${document.title.replace(/^\(\d+\) /, "")}`;
}

setInterval(look, LOOK_INTERVAL);
document.addEventListener("visibilitychange", look);
