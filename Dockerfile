# The service alone: it needs a PostgreSQL, named by DATABASE_URL.
# npm installs only what it runs on: neither Node nor a private PostgreSQL.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --workspaces=false --ignore-scripts

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json openapi.json LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY assets assets
COPY db/migrations db/migrations
COPY src src
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
	CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT || 8080}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node directly, not npm: it is the one that SIGTERM must reach.
CMD ["node", "src/main.ts"]
