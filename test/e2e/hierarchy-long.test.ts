import { labTest } from "../support/lab-test.ts";
import { HIERARCHY_TIMEOUT_MS, keepsNobodyOut } from "./hierarchy.ts";

for (const place of ["regional", "global"] as const) {
  labTest(
    `of three hubs by URL the ${place} one dead, slow or lying keeps nobody out`,
    HIERARCHY_TIMEOUT_MS,
    (lab) => keepsNobodyOut(lab, place),
  );
}
