// Writes grafana/dashboards.
import { mkdirSync, writeFileSync } from "node:fs";
import { files } from "./boards";
import { DASHBOARDS } from "./paths";

mkdirSync(DASHBOARDS, { recursive: true });
for (const [name, text] of files()) writeFileSync(`${DASHBOARDS}/${name}`, text);
