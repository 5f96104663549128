import { analyticsRouter } from "./features/analytics/router.ts";
import { assessmentsRouter } from "./features/assessments/router.ts";
import { auditRouter } from "./features/audit/router.ts";
import { checklistRouter } from "./features/checklist/router.ts";
import { confirmationsRouter } from "./features/decisions/confirmation-router.ts";
import { historyRouter } from "./features/decisions/history-router.ts";
import { decisionsRouter } from "./features/decisions/router.ts";
import { healthRouter } from "./features/health/router.ts";
import { overviewRouter } from "./features/overview/router.ts";
import { queueRouter } from "./features/queue/router.ts";
import { reportsRouter } from "./features/reports/router.ts";
import { serversRouter } from "./features/servers/router.ts";
import { sessionsRouter } from "./features/sessions/router.ts";
import { tokensRouter } from "./features/tokens/router.ts";
import { createCallerFactory, mergeRouters, router } from "./procedure.ts";

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

/** Calls procedures in this process, with the context of a façade's request. */
export const createCaller = createCallerFactory(appRouter);

/** The type through which a façade in this process calls procedures. */
export type Caller = ReturnType<typeof createCaller>;
