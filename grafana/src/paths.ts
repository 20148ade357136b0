// Where things are. The compiled code is in node_modules/.cache/bascule.
import { resolve } from "node:path";

export const ROOT = resolve(__dirname, "../../..");
export const DASHBOARDS = resolve(ROOT, "dashboards");
