/** Replaces ids and times in a text, which differ from run to run, by what they are. */
export function withoutNames(text: string): string {
	return text
		.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "{id}")
		.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "{time}");
}
