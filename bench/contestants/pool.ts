import pg from "pg";

/** The pool of every Node contestant: as many connections as the service takes. */
export const pool = new pg.Pool({
	connectionString: process.env.DATABASE_URL,
	max: 10,
});

/** Where every contestant listens. */
export const listenOn = {
	port: Number(process.env.PORT),
	host: "127.0.0.1",
};
