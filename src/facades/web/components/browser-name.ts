const browsers = [
	[/\bEdg(?:A|iOS)?\/(\d+)/, "Edge"],
	[/\bOPR\/(\d+)/, "Opera"],
	[/\b(?:Firefox|FxiOS)\/(\d+)/, "Firefox"],
	[/\b(?:Headless)?(?:Chrome|CriOS)\/(\d+)/, "Chrome"],
	[/\bVersion\/(\d+)[\d.]* (?:Mobile\/\w+ )?Safari\//, "Safari"],
] as const;

const systems = [
	[/\bAndroid\b/, "Android"],
	[/\b(?:iPhone|iPad)\b/, "iOS"],
	[/\bWindows\b/, "Windows"],
	[/\bMac OS X\b/, "macOS"],
	[/\bCrOS\b/, "ChromeOS"],
	[/\bLinux\b/, "Linux"],
] as const;

/**
 * Returns the recognisable part of a `User-Agent`, such as `Firefox 140 on
 * Linux`.
 *
 * @returns `undefined` for one that is not a common browser
 */
export function browserName(userAgent: string): string | undefined {
	for (const [pattern, name] of browsers) {
		const version = pattern.exec(userAgent)?.[1];
		if (!version) continue;
		const system = systems.find(([pattern]) => pattern.test(userAgent))?.[1];
		return system ? `${name} ${version} on ${system}` : `${name} ${version}`;
	}
	return undefined;
}
