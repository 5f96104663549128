/** Peer: the router on trpc-to-openapi's own Fastify plugin. */
import Fastify from "fastify";
import { fastifyTRPCOpenApiPlugin } from "trpc-to-openapi";
import { listenOn } from "./pool.ts";
import { router } from "./router.ts";

const app = Fastify({ bodyLimit: 8 * 1024 * 1024 });
app.register(fastifyTRPCOpenApiPlugin, { basePath: "/api/v1", router });
await app.listen(listenOn);
