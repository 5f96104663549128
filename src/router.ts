import { analyticsRouter } from "./analytics/router.ts";
import { assessmentsRouter } from "./assessments/router.ts";
import { auditRouter } from "./audit/router.ts";
import { checklistRouter } from "./checklist/router.ts";
import { confirmationsRouter } from "./decisions/confirmation-router.ts";
import { historyRouter } from "./decisions/history-router.ts";
import { decisionsRouter } from "./decisions/router.ts";
import { healthRouter } from "./health/router.ts";
import { overviewRouter } from "./overview/router.ts";
import { queueRouter } from "./queue/router.ts";
import { reportsRouter } from "./reports/router.ts";
import { serversRouter } from "./servers/router.ts";
import { sessionsRouter } from "./sessions/router.ts";
import { tokensRouter } from "./tokens/router.ts";
import { createCallerFactory, mergeRouters, router } from "./trpc.ts";

/** Everything the service can do. Each façade is generated from it or calls it. */
export const appRouter = router({
	reports: mergeRouters(
		reportsRouter,
		queueRouter,
		decisionsRouter,
		historyRouter,
		assessmentsRouter,
	),
	servers: serversRouter,
	analytics: mergeRouters(analyticsRouter, overviewRouter),
	checklist: checklistRouter,
	confirmations: confirmationsRouter,
	tokens: tokensRouter,
	sessions: sessionsRouter,
	audit: auditRouter,
	health: healthRouter,
});

/** The router's type: all that a TypeScript client needs. */
export type AppRouter = typeof appRouter;

/** Calls procedures in this process; a façade gives the context of its request. */
export const createCaller = createCallerFactory(appRouter);

/** What a façade in this process calls. */
export type Caller = ReturnType<typeof createCaller>;
