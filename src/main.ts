#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before anything else is loaded: a later start then need not compile it again.
enableCompileCache();
await import("./command-line.ts");
