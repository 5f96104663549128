import type { html } from "hono/html";
import type { QueueState } from "../../features/queue/schema.ts";
import type { SectionId, Viewer } from "./sections.ts";

/** Markup whose values have been escaped. */
export type Html = ReturnType<typeof html>;

/** The state of the page's subject, shown in favicon and title. */
export type PageState = "idle" | "pending" | "approved" | "rejected";

/** A page without the frame around every page. */
export interface Page {
	/** Starts with the state, which is what a row of tabs shows. */
	title: string;
	/** The entry of the navigation that this page belongs to. */
	section?: SectionId;
	state?: PageState;
	body: Html;
}

/** What every page needs beside its data; created by the routes for each request. */
export interface Frame {
	/** Addresses of the static files, by their name in `assets/`. */
	assets: Record<string, string>;
	version: string;
	/** How many reports are pending and which is the newest; `null` if this could not be looked up. */
	queue: Pick<QueueState, "pending_review" | "newest_id"> | null;
	/** The signed-in reader: `null` if there is none; absent where nobody signs in. */
	viewer?: Viewer | null;
}
