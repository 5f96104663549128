/** The entry of a thread that assesses reports. */
export { assess as default } from "./rules.ts";
