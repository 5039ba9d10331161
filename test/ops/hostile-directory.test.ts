import { setDefaultTimeout } from "bun:test";
import { TANKD } from "../support/tankd.ts";
import { hostileDirectoryTests } from "./hostile-directory.ts";

setDefaultTimeout(60_000);

hostileDirectoryTests(() => [TANKD]);
