/** Peer: the router on tRPC's stock Fastify adapter. */
import { fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import Fastify from "fastify";
import { listenOn } from "./pool.ts";
import { router } from "./router.ts";

const app = Fastify({ bodyLimit: 8 * 1024 * 1024 });
app.register(fastifyTRPCPlugin, { prefix: "/trpc", trpcOptions: { router } });
await app.listen(listenOn);
