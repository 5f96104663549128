import type { html } from "hono/html";
import type { QueueState } from "../../features/queue/schema.ts";
import type { SectionId, Viewer } from "./sections.ts";

/** Markup whose values have been escaped. */
export type Html = ReturnType<typeof html>;

/** What a favicon and a title tell of the page's subject. */
export type PageState = "idle" | "pending" | "approved" | "rejected";

/** A page without what stands around every page. */
export interface Page {
	/** Tells the state first: it is what a row of tabs shows. */
	title: string;
	/** The entry of the navigation that this page belongs to. */
	section?: SectionId;
	state?: PageState;
	body: Html;
}

/** What every page needs beside its data; made by the routes for each request. */
export interface Frame {
	/** Addresses of the static files, by their name in `assets/`. */
	assets: Record<string, string>;
	version: string;
	/** How many reports wait, and which came last; `null` where nobody could be asked. */
	queue: Pick<QueueState, "pending_review" | "newest_id"> | null;
	/** Who looks at it: `null` for a stranger; absent where nobody signs in. */
	viewer?: Viewer | null;
}
