import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import csharp from "highlight.js/lib/languages/csharp";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import http from "highlight.js/lib/languages/http";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import powershell from "highlight.js/lib/languages/powershell";
import python from "highlight.js/lib/languages/python";
import rust from "highlight.js/lib/languages/rust";
import shell from "highlight.js/lib/languages/shell";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { escapeText, note, showHidden } from "./escape.ts";

const languages = {
	...{ bash, csharp, diff, dockerfile, go, http, ini, java, javascript, json },
	...{ powershell, python, rust, shell, sql, typescript, xml, yaml },
};
for (const [name, language] of Object.entries(languages))
	hljs.registerLanguage(name, language);

/** Characters highlighted per block and per report: some languages take quadratic time. */
const limits = { block: 4_096, report: 32_768 };

/** Highlights the code of one report. */
export class Highlighter {
	private left = limits.report;

	/**
	 * @param info the text after the opening fence: a language, and possibly more
	 * @param code the code itself
	 * @param id an attribute for the block, or an empty text
	 */
	toHtml(info: string, code: string, id: string): string {
		const words = info.trim();
		const [name = ""] = /^[\w#+.-]{1,40}(?=\s|$)/.exec(words) ?? [];
		const language = name.toLowerCase();
		// Any other text there would be invisible.
		const label = words === name ? "" : `${note(words)}\n`;
		const isKnown = hljs.getLanguage(language) !== undefined;
		const markup = isKnown ? this.highlight(language, code) : undefined;
		const classes = [
			...(markup === undefined ? [] : ["hljs"]),
			...(language === "" ? [] : [`language-${language}`]),
		].join(" ");
		const attribute = classes === "" ? "" : ` class="${classes}"`;
		return `<pre${id}>${label}<code${attribute}>${markup ?? escapeText(code)}</code></pre>`;
	}

	private highlight(language: string, code: string): string | undefined {
		if (code.length > Math.min(limits.block, this.left)) return undefined;
		this.left -= code.length;
		const { value } = hljs.highlight(code, { language, ignoreIllegals: true });
		return showHidden(value);
	}
}
