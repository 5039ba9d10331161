import { labTest } from "../support/lab-test.ts";
import { HIERARCHY_TIMEOUT_MS, keepsNobodyOut } from "./hierarchy.ts";

labTest(
  "of three hubs by URL the first one dead, slow or lying keeps nobody out",
  HIERARCHY_TIMEOUT_MS,
  (lab) => keepsNobodyOut(lab, "local"),
);
