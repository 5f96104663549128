import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { makeDatabase } from "../support/helpers.ts";
import { send, startServiceProcess } from "../support/service-process.ts";

const root = resolve(import.meta.dirname, "../..");
const read = (file: string) => readFile(join(root, file), "utf8");

/** The files that the image holds, as its recipe copies them. */
async function copied() {
	const recipe = await read("Dockerfile");
	return [...recipe.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(
		([, sources]) => sources?.split(" ") ?? [],
	);
}

test("everything that the image is made of is let through to its making", async () => {
	const allowed = (await read(".dockerignore")).split("\n");
	const sources = await copied();
	expect(sources).toContain("src");
	for (const source of sources) expect(allowed).toContain(`!${source}`);
});

test("the image's files are all that the service needs, and its health check tells", async () => {
	const image = await mkdtemp(join(tmpdir(), "go-live-image-"));
	onTestFinished(() => rm(image, { recursive: true }));
	for (const source of await copied())
		await cp(join(root, source), join(image, source), { recursive: true });
	await symlink(join(root, "node_modules"), join(image, "node_modules"));

	const service = await startServiceProcess(
		{ DATABASE_URL: await makeDatabase(), HOST: "0.0.0.0", AUTH: "none" },
		join(image, "src/main.ts"),
	);
	const { port } = new URL(service.url);
	expect((await send(service, "GET", "/readyz")).status).toBe(200);
	expect((await send(service, "GET", "/openapi.json")).status).toBe(200);

	const recipe = await read("Dockerfile");
	const [, json = ""] = /HEALTHCHECK[^[]+CMD (\[.+\])$/m.exec(recipe) ?? [];
	const [program, ...args] = JSON.parse(json);
	expect(program).toBe("node");
	const check = (PORT: string) =>
		promisify(execFile)(process.execPath, args, { env: { PORT } });
	await check(port);
	service.child.kill("SIGTERM");
	expect((await service.ended()).code).toBe(0);
	await expect(check(port)).rejects.toMatchObject({ code: 1 });
});
